/* What the page does besides showing: puts the data's words into place, sorts and filters tables, moves
   thresholds. Words of the data become text nodes only. */
'use strict';
(function () {
  var data = JSON.parse(document.getElementById('data').textContent);
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };
  var format = function (n) { return n.toLocaleString('en-US', { maximumFractionDigits: 6 }); };

  function make(name, className, text) {
    var e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  all('[data-t]').forEach(function (e) { e.textContent = data.strings[+e.getAttribute('data-t')]; });
  if (data.title) document.title = data.title;

  /* ---- tables ---- */

  var UNITS = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

  /* What a cell sorts by: its number with its unit, else its words. */
  function value(cell) {
    var text = cell.textContent.trim();
    var found = /^[<>]?(-?[\d,]*\.?\d+)\s*(kB|MB|GB|TB|%|s|x|B)?$/.exec(text);
    return found ? parseFloat(found[1].replace(/,/g, '')) * (UNITS[found[2]] || 1) : text;
  }

  function compare(a, b) {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
    return a.localeCompare(b);
  }

  function sortBy(table, at, header) {
    var body = table.tBodies[0];
    var falling = header.getAttribute('aria-sort') !== 'descending' && header.classList.contains('right') ||
      header.getAttribute('aria-sort') === 'ascending';
    all('th', table).forEach(function (h) { h.removeAttribute('aria-sort'); });
    header.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
    var rows = all('tr', body).map(function (row, i) { return { row: row, key: value(row.cells[at]), i: i }; });
    rows.sort(function (a, b) { return (falling ? -1 : 1) * compare(a.key, b.key) || a.i - b.i; });
    rows.forEach(function (r) { body.appendChild(r.row); });
  }

  function filterBy(items, words) {
    var wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    items.forEach(function (item) {
      var text = item.textContent.toLowerCase();
      item.hidden = !wanted.every(function (w) { return text.indexOf(w) >= 0; });
    });
  }

  function addFilter(before, items, what) {
    var input = make('input', 'filter');
    input.type = 'search';
    input.placeholder = 'filter ' + items.length + ' ' + what;
    input.setAttribute('aria-label', input.placeholder);
    input.addEventListener('input', function () { filterBy(items, input.value); });
    before.parentNode.insertBefore(input, before);
  }

  all('table').forEach(function (table) {
    var headers = table.tHead ? all('th', table.tHead) : [];
    headers.forEach(function (h, at) {
      if (!h.textContent) return;
      var button = make('button', '', h.textContent);
      button.type = 'button';
      h.textContent = '';
      h.appendChild(button);
      button.addEventListener('click', function () { sortBy(table, at, h); });
    });
    var rows = all('tbody tr', table);
    if (rows.length > 10) addFilter(table.parentNode, rows, 'rows');
  });
  all('.unfold').forEach(function (list) {
    var items = all(':scope > details', list);
    if (items.length > 5) addFilter(list, items, 'entries');
  });

  /* ---- thresholds ---- */

  function addBold(to, text) { to.appendChild(make('b', '', text)); }
  function addText(to, text) { to.appendChild(document.createTextNode(text)); }

  all('.bound').forEach(function (box) {
    var b = data.bounds[+box.getAttribute('data-bound')];
    var input = box.querySelector('input'), says = box.querySelector('.says'), cursor = box.querySelector('.cursor');
    function show() {
      var i = +input.value, kept = b.kept[i], change = kept - b.kept[b.at];
      says.textContent = '';
      addText(says, b.name + ' = ');
      addBold(says, format(b.values[i]));
      addText(says, ' keeps ' + (b.back[i] > 0 ? 'at most ' : ''));
      addBold(says, format(kept));
      addText(says, ' of ' + format(b.read) + ' rows');
      addText(says, i === b.at ? ', as this run did' : ' (' + (change >= 0 ? '+' : '−') + format(Math.abs(change)) +
        ': ' + format(b.back[i]) + ' come back, ' + format(b.go[i]) + ' go)');
      var x = b.values.length > 1 ? 1000 * i / (b.values.length - 1) : 500;
      cursor.setAttribute('x1', x);
      cursor.setAttribute('x2', x);
    }
    input.max = b.values.length - 1;
    input.value = b.at;
    input.addEventListener('input', show);
    show();
  });

  /* Paper shows what is folded on the screen. */
  window.addEventListener('beforeprint', function () { all('details').forEach(function (d) { d.open = true; }); });
  document.documentElement.className = 'js';
})();
