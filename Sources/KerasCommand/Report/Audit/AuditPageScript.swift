/// What sorts and filters the page of an audit: it only moves and hides rows, and reads texts as texts.
enum AuditPageScript {
  /// What the page's own rules allow as script; `Tools/interop/audit.py` compares it with the text.
  static let checksum = "sha256-QogrArhxvty4as4G4Kq2V9mNL3EzQMF9GZpGsdZza2U="

  static let source = """
    'use strict';
    for (const table of document.querySelectorAll('table.sortable')) {
      const body = table.tBodies[0];
      const heads = [...table.tHead.rows[0].cells];
      const key = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent;
      heads.forEach((head, column) => {
        const button = document.createElement('button');
        button.textContent = head.textContent;
        head.textContent = '';
        head.append(button);
        button.addEventListener('click', () => {
          const sign = head.ariaSort === 'ascending' ? -1 : 1;
          for (const other of heads) other.ariaSort = null;
          head.ariaSort = sign > 0 ? 'ascending' : 'descending';
          const compare = new Intl.Collator('en', {numeric: true}).compare;
          const rows = [...body.rows].map((row) => [key(row, column), row]);
          rows.sort((a, b) => sign * compare(a[0], b[0]));
          body.append(...rows.map((pair) => pair[1]));
        });
      });
    }
    const table = document.getElementById('findings');
    if (table) {
      const words = document.getElementById('words');
      const boxes = [...document.querySelectorAll('.filter input[type=checkbox]')];
      const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
      const show = () => {
        const wanted = words.value.toLowerCase().split(/\\s+/);
        const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
        let count = 0;
        for (const [row, text] of rows) {
          row.hidden = !severities.has(row.dataset.severity) || !wanted.every((word) => text.includes(word));
          count += row.hidden ? 0 : 1;
        }
        document.getElementById('shown').textContent = count + ' of ' + rows.length;
      };
      for (const input of [words, ...boxes]) input.addEventListener('input', show);
      const hash = decodeURIComponent(location.hash.slice(1));
      if (hash.startsWith('words=')) words.value = hash.slice(6);
      words.closest('.filter').hidden = false;
      show();
    }
    """
}
