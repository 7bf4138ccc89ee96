/// How the page of an audit looks, in daylight and at night, on paper and on a telephone.
enum AuditPageStyle {
  /// What the page's own rules allow as style; `Tools/interop/audit.py` compares it with the text.
  static let checksum = "sha256-EnkaQd9mnFCtcLdpLhn3MsPa6MzyRh7jglfrM0O3QfM="

  static let css = """
    :root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#62676e;--line:#e4e5e7;--error:#b3261e;--warning:#8a5a00;--note:#2563b8}
    @media (prefers-color-scheme:dark){:root{--page:#15171a;--card:#1d2024;--ink:#e8e9eb;--soft:#a0a6ae;--line:#33373d;--error:#ff8a80;--warning:#f0b84d;--note:#74a9f5}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    main{max-width:1500px;margin:0 auto;padding:32px 24px 56px}
    h1{font-size:26px;line-height:1.25;margin:0 0 6px}
    h2{font-size:18px;margin:36px 0 8px}
    p{margin:0 0 12px;color:var(--soft);max-width:90ch}
    small{display:block;color:var(--soft);font-size:12.5px}
    code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:20px 0}
    .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px;display:flex;flex-direction:column}
    .tile b{font-size:24px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
    .tile span{color:var(--soft);font-size:13px}
    .tile.error b{color:var(--error)}.tile.warning b{color:var(--warning)}.tile.note b{color:var(--note)}
    .wide{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:14px}
    th{text-align:left;font-weight:600;font-size:13px;color:var(--soft);white-space:nowrap}
    th,td{padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
    th button{all:unset;cursor:pointer}
    th button:focus-visible{outline:2px solid var(--note)}
    th[aria-sort=ascending] button::after{content:" ▲"}
    th[aria-sort=descending] button::after{content:" ▼"}
    .n{text-align:right;font-variant-numeric:tabular-nums}
    .file,.layer{overflow-wrap:anywhere;min-width:130px}
    .badge{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 9px;font-size:12.5px}
    .badge.error{color:var(--error)}.badge.warning{color:var(--warning)}.badge.note{color:var(--note)}
    .filter{display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;margin:0 0 10px}
    .filter[hidden]{display:none}
    .filter input[type=search]{flex:1 1 240px;max-width:460px;padding:7px 11px;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px}
    output{color:var(--soft);font-size:13px}
    details{margin-top:3px}
    summary{cursor:pointer;color:var(--soft);font-size:13px}
    dl{display:grid;grid-template-columns:auto 1fr;gap:3px 12px;margin:6px 0 4px}
    dt{color:var(--soft)}
    dd{margin:0;overflow-wrap:anywhere}
    .clean{columns:2 380px;font-size:13.5px;overflow-wrap:anywhere}
    @media print{main{padding:0}.filter{display:none}tr,.tile{break-inside:avoid}}
    """
}
