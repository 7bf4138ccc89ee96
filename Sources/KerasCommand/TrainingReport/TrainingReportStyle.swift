/// How the report looks, in daylight and at night, on paper and on a telephone.
enum TrainingReportStyle {
  static let css = """
    :root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#62676e;--line:#e4e5e7;--s1:#2563b8;--s2:#c2540a;--s3:#5b7f2b;--was:#9aa0a8}
    @media (prefers-color-scheme:dark){:root{--page:#15171a;--card:#1d2024;--ink:#e8e9eb;--soft:#a0a6ae;--line:#33373d;--s1:#74a9f5;--s2:#f29a54;--s3:#a3cc6b;--was:#767d87}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    main{max-width:1200px;margin:0 auto;padding:32px 24px 56px}
    h1{font-size:26px;line-height:1.25;margin:0 0 6px;overflow-wrap:anywhere}
    h2{font-size:18px;margin:36px 0 4px}
    h3{font-size:15px;margin:16px 0 4px}
    p{margin:0 0 12px;color:var(--soft);max-width:82ch}
    small{color:var(--soft);font-size:12.5px}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:20px 0}
    .tile,figure{background:var(--card);border:1px solid var(--line);border-radius:10px}
    .tile{padding:12px 16px;display:flex;flex-direction:column}
    .tile span{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
    .tile b{font-size:24px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:12px}
    figure{margin:0;padding:14px 16px 10px}
    figcaption{font-weight:600;overflow-wrap:anywhere}
    svg{display:block;width:100%;height:auto}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;margin:2px 0 6px;padding:0;font-size:13px;color:var(--soft)}
    .legend b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
    .key{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:7px;vertical-align:middle;background:currentColor}
    .s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.before{--c:var(--was)}.after{--c:var(--s1)}
    .key.s1,.key.s2,.key.s3,.key.before,.key.after{background:var(--c)}
    .grid{stroke:var(--line);stroke-width:1}
    .tick{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
    .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
    .line.s3{stroke-dasharray:5 4}
    .fill{fill:var(--c);opacity:.16}
    .dot{fill:var(--c);stroke:var(--card);stroke-width:1.5}
    .wide{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:14px}
    th{font-weight:600;text-align:left;color:var(--soft);font-size:13px}
    th,td{padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:middle}
    .n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    .bar{width:35%;min-width:120px}
    .bar i{display:block;height:9px;border-radius:3px;background:var(--s3);min-width:2px}
    .layers td:first-child{min-width:130px;overflow-wrap:anywhere}
    .layers td:first-child b{display:block;font-weight:600}
    .was{color:var(--soft)}
    .range{width:200px;min-width:150px}
    .zero{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
    .reach{stroke:var(--c);stroke-width:2}
    .box{fill:var(--c)}
    pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 16px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    .conditions{width:auto}
    .conditions td:first-child{color:var(--soft);white-space:nowrap;padding-right:24px}
    .conditions td{overflow-wrap:anywhere}
    @media print{main{padding:0}.tile,figure,tr{break-inside:avoid}}
    """
}
