'use strict';
(() => {
  const PAGE = 100;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  // As functions/report/src/page/rows.rs packs them: the last four are numbers of texts.
  const rows = data.rows.map(([place, id, thing, certificate, outcome, code, reason, warnings]) => ({
    place, id, thing, certificate,
    outcome: data.texts[outcome], code: data.texts[code],
    reason: data.texts[reason], warnings: data.texts[warnings],
  }));
  const fine = new Set(data.fine);
  const label = (outcome) => outcome.replaceAll('_', ' ');
  // People write a MAC or a serial number with other separators, or without any.
  const bare = (text) => text.replace(/[-:_.\s]/g, '');

  let haystacks = null;
  const matches = (index, words) => {
    if (!haystacks) {
      haystacks = rows.map((row) => {
        const texts = [row.place, row.id, row.thing, row.certificate, label(row.outcome), row.code, row.reason, row.warnings];
        const lower = texts.map((text) => text.toLowerCase());
        return { whole: lower.join('\n'), bare: lower.map(bare).join('\n') };
      });
    }
    const { whole, bare: stripped } = haystacks[index];
    return words.every((word) => whole.includes(word) || (bare(word) !== '' && stripped.includes(bare(word))));
  };

  let found = rows;
  let page = 0;

  const select = () => {
    const words = byId('search').value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const wanted = byId('filter').value;
    found = rows.filter((row, index) => {
      const isWanted = wanted === '' || (wanted === '!' ? !fine.has(row.outcome) : row.outcome === wanted);
      return isWanted && (words.length === 0 || matches(index, words));
    });
    page = 0;
    show();
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  const cell = (row, className, ...children) => {
    const made = element('td', className);
    made.setAttribute('role', 'cell');
    made.append(...children);
    row.append(made);
  };

  const line = (row) => {
    const made = element('tr');
    made.setAttribute('role', 'row');
    cell(made, 'place', element('bdi', '', row.place));
    const id = row.id === '' ? [] : [element('bdi', 'id', row.id)];
    cell(made, 'device', element('bdi', '', row.thing), ...id);
    cell(made, 'certificate', element('bdi', '', row.certificate));
    const mark = element('span', `mark o-${row.outcome}`);
    mark.setAttribute('aria-hidden', 'true');
    cell(made, 'outcome', mark, label(row.outcome));
    const why = [];
    if (row.code !== '') why.push(element('code', '', row.code), ' ');
    why.push(element('bdi', '', row.reason));
    if (row.warnings !== '') why.push(element('span', 'warnings', `warnings: ${row.warnings}`));
    cell(made, 'why', ...why);
    return made;
  };

  const number = (value) => value.toLocaleString('en-US');

  const show = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const first = page * PAGE;
    const shown = found.slice(first, first + PAGE);
    byId('rows').replaceChildren(...shown.map(line));
    const all = found.length === rows.length;
    const whole = all ? `${number(rows.length)} devices` : `${number(found.length)} of ${number(rows.length)} devices`;
    const part = pages > 1 ? `, here ${number(first + 1)} to ${number(first + shown.length)}` : '';
    byId('found').textContent = found.length === 0 ? 'No device is like that.' : `${whole}${part}`;
    byId('page').textContent = `Page ${number(page + 1)} of ${number(pages)}`;
    byId('previous').disabled = page === 0;
    byId('next').disabled = page === pages - 1;
    byId('pager').hidden = pages === 1;
  };

  const turn = (by) => {
    page += by;
    show();
    byId('devices').scrollIntoView();
  };

  byId('search').addEventListener('input', select);
  byId('filter').addEventListener('change', select);
  byId('previous').addEventListener('click', () => turn(-1));
  byId('next').addEventListener('click', () => turn(1));
  byId('controls').hidden = false;
  // A browser that comes back to the page keeps what was typed.
  select();
})();
