/* SPDX-License-Identifier: MIT */
'use strict';
/* Everything shown comes from a program under test: it is put on the page as text only, never as markup. */
const report = JSON.parse(document.getElementById('document').textContent);
const byId = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const known = new Set(['crash', 'sanitizer', 'corruption', 'abort', 'hang', 'leak', 'leftover', 'errno', 'swallowed', 'refused', 'handled']);
/* Those that do not count come after the others, with the reason why. */
const allFindings = [...report.findings, ...report.set_aside];
const asideOf = (finding) => finding.set_aside || (finding.flaky ? 'flaky: not when it was tried again' : '');
const rank = new Map(report.verdicts.map((verdict, i) => [verdict.name, i]));
const untried = report.verdicts.length;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function colour(name) {
  if (known.has(name)) return 'v-' + name;
  const verdict = report.verdicts[rank.get(name)];
  return verdict && verdict.is_finding ? 'v-finding' : 'v-none';
}

const badge = (name) => element('span', { class: 'badge ' + colour(name) }, name || 'not tried');
const number = (value) => value.toLocaleString('en');
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;
const baseName = (path) => (path || '').replace(/.*\//, '');
const code = (text) => element('span', { class: 'code' }, text);

function place(frame) {
  if (frame.file) return `${frame.file}:${frame.line || '?'}`;
  return `${baseName(frame.module) || 'no module'}+${frame.offset}`;
}

/* Heading. */

const leftBecause = {
  ladder: 'beyond each site’s first, second, 4th, 8th … and last (--all tries them)', not_chosen: 'at sites that --sites leaves out',
  max_points: 'beyond --max-points', budget: 'when the time was up', interrupted: 'when it was interrupted',
  other_shards: 'of other shards', unreached: 'not reached again', no_site: 'with more call stacks than fit',
};

function fact(name, ...value) {
  return element('div', null, element('dt', null, name), element('dd', null, ...value));
}

function share(done, all) {
  const bar = element('meter', { min: 0, max: Math.max(all, 1), value: done, 'aria-hidden': 'true' });
  return [`${number(done)} of ${number(all)} `, bar];
}

function showHeading() {
  const coverage = report.coverage;
  const counted = report.findings.filter((finding) => !finding.flaky).length;
  const aside = allFindings.length - counted;
  const runs = report.verdicts.reduce((sum, verdict) => sum + verdict.runs, 0);
  const warnings = [];
  byId('command').textContent = report.command.join(' ');
  if (coverage.points_of_other_shards) warnings.push(`${plural(coverage.points_of_other_shards, 'point')} of ${number(coverage.points)} are other shards’.`);
  if (report.complete && coverage.points_tried + coverage.points_of_other_shards < coverage.points) warnings.push('The time that was given was up before all points were tried.');
  byId('result').textContent = `${counted ? plural(counted, 'finding') : 'No finding'} in ${plural(runs, 'run')}${aside ? `, ${number(aside)} not counted` : ''}`;
  if (!report.complete) warnings.push(`Not complete: ${coverage.points_tried} of ${coverage.points} points were tried.`);
  const left = Object.entries(coverage.calls_left).filter(([, calls]) => calls > 0);
  if (left.length) warnings.push(`Not exercised: ${left.map(([why, calls]) => `${plural(calls, 'call')} ${leftBecause[why] || why}`).join(', ')}.`);
  if (coverage.sites_tried < coverage.sites) warnings.push(`${plural(coverage.sites - coverage.sites_tried, 'site')} of ${number(coverage.sites)} were not tried at all.`);
  if (coverage.sites_unstable) warnings.push(`${plural(coverage.sites_unstable, 'site')} came in only one of the two baselines.`);
  if (coverage.allocations_without_site) warnings.push(`${plural(coverage.allocations_without_site, 'allocation')} found no room among the sites and were not tried.`);
  if (!coverage.stacks) warnings.push('Without ptrace: no stacks of crashes, and crashes of child processes were not seen.');
  byId('warning').textContent = warnings.join(' ');
  byId('warning').hidden = warnings.length === 0;
  byId('facts').append(
    fact('program', code(report.image)), fact('allocations', number(report.baseline.allocations)),
    fact('sites exercised', ...share(coverage.sites_exercised, coverage.sites)),
    fact('allocation points exercised', ...share(coverage.calls_exercised, coverage.calls)),
    ...(coverage.second_faults ? [fact('second faults in recovery', ...share(coverage.second_faults_exercised, coverage.second_faults))] : []),
    fact('runs', ...share(coverage.points_tried, coverage.points)),
    fact('one run', `${(report.baseline.microseconds / 1000).toFixed(1)} ms`),
    fact('exploration', `${report.seconds.toFixed(1)} s`), fact('date', (report.date || '').replace('T', ' ')),
    fact('nomem', report.tool.version));
  const came = report.verdicts.filter((verdict) => verdict.runs > 0);
  for (const verdict of came) {
    const part = element('span', { class: colour(verdict.name), title: `${verdict.name}: ${plural(verdict.runs, 'run')}` });
    part.style.flexGrow = verdict.runs;
    byId('bar').append(part);
    byId('legend').append(element('li', { title: verdict.meaning }, element('i', { class: colour(verdict.name) }),
      `${verdict.name} ${number(verdict.runs)}`, element('span', { class: 'muted' }, ` ${verdict.meaning}`)));
  }
  byId('bar').setAttribute('aria-label', came.map((verdict) => `${verdict.name}: ${verdict.runs}`).join(', '));
}

/* Tables: columns are {title, value(row), number}. */

function showHead(row, columns, order, changed) {
  row.replaceChildren(...columns.map((column, i) => element('th', {
    scope: 'col', class: column.number ? 'number' : undefined,
    'aria-sort': i !== order.column ? 'none' : order.down ? 'descending' : 'ascending',
  }, element('button', {
    type: 'button',
    onclick: () => {
      order.down = i === order.column ? !order.down : !!column.number;
      order.column = i;
      changed();
      row.children[i].firstChild.focus();
    },
  }, column.title))));
}

function sorted(rows, columns, order) {
  const value = columns[order.column].value;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((left, right) => {
    const a = value(left), b = value(right);
    return sign * (typeof a === 'number' ? a - b : a.localeCompare(b, 'en', { numeric: true }));
  });
}

/* Findings. */

function sourceOf(frame) {
  return element('pre', null, ...frame.source.lines.map((line, i) => element('span',
    { class: frame.source.first + i === frame.line ? 'here' : undefined },
    element('b', null, String(frame.source.first + i)), line || ' ')));
}

/* A frame's function and place; of one without a name the place is all there is. */
function frameText(frame, prefix) {
  const where = { class: 'code muted', title: frame.module || '' };
  return frame.function ? [code(prefix + frame.function), ' ', element('span', where, place(frame))]
    : [code(prefix.trimEnd()), ' ', element('span', { ...where, class: 'code' }, place(frame))];
}

function frameItem(frame, i, trace, open) {
  const line = [...frameText(frame, i === '' ? '' : `#${i} `), frame.inlined ? ' (inlined)' : ''];
  return element('li', { class: i === trace.culprit ? 'culprit' : undefined }, frame.source
    ? element('details', { open: i === open }, element('summary', null, ...line), sourceOf(frame))
    : element('div', { class: 'plain' }, ...line));
}

const placeTitles = { hang: 'Where it hangs', leak: 'What was left, allocated here' };

function stackBlock(title, trace) {
  const open = trace ? trace.stack.findIndex((frame, i) => i >= trace.culprit && frame.source) : -1;
  return element('div', null, element('h3', null, title), trace
    ? element('ol', { class: 'stack' }, ...trace.stack.map((frame, i) => frameItem(frame, i, trace, open)))
    : element('p', { class: 'muted' }, 'No stack: it needs ptrace.'));
}

async function copyText(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element('textarea', { readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand('copy');
    area.remove();
    button.focus();
  }
  button.textContent = done ? 'Copied' : 'Select and copy';
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

/* The threads of a hang beside the one that is shown in full. */
function threadsOf(finding) {
  const others = (finding.threads || []).filter((thread) => !thread.is_shown);
  const processes = new Set((finding.threads || []).map((thread) => thread.process)).size;
  return others.length === 0 ? [] : [element('h3', null, 'The other threads'), ...others.map((thread) => element('details',
    { class: 'thread' },
    element('summary', null, `thread ${thread.number} (`, code(thread.name), `${processes > 1 ? `, process ${thread.process}` : ''}) ${thread.what}`),
    element('ol', { class: 'stack' }, ...thread.stack.map((frame, i) => frameItem(frame, i, thread, -1)))))];
}

const failed = (fault) => fault.function === 'new' ? 'failed' : 'returned NULL';

function detailOf(finding) {
  const fault = finding.fault, second = finding.second_fault;
  const what = `${fault.function} of ${plural(fault.bytes, 'byte')} ${failed(fault)}`
    + (fault.persistent ? ', and so did all later calls' : '') + ` (allocation ${number(fault.allocation)})`;
  const hasPlace = finding.blow_up || finding.signal || finding.verdict === 'hang';
  const copy = element('button', { type: 'button', class: 'copy', 'aria-live': 'polite' }, 'Copy');
  copy.addEventListener('click', () => copyText(finding.reproduce, copy));
  return element('td', { colspan: findingColumns.length },
    element('p', null, `${finding.meaning}: ${finding.end}.`, asideOf(finding) ? ` Not counted: ${asideOf(finding)}.` : ''),
    finding.unchecked ? element('div', { class: 'unchecked' }, element('h3', null, `Not checked, in ${finding.whose}`),
      element('ol', { class: 'stack' }, frameItem(finding.unchecked, '', {}, ''))) : null,
    element('div', { class: 'stacks' }, stackBlock(`The fault: ${what}`, fault),
      ...(second ? [stackBlock(`Then, on the recovery path: ${second.function} of ${plural(second.bytes, 'byte')} ${failed(second)} (allocation ${number(second.allocation)})`, second)] : []),
      hasPlace ? stackBlock(placeTitles[finding.verdict] ?? 'Where it blew up', finding.blow_up) : '',
      finding.block ? stackBlock(['leftover', 'leak'].includes(finding.verdict) ? 'The file was made here' : 'The block was allocated here', finding.block) : '',
      finding.freed ? stackBlock('And freed before here', finding.freed) : ''),
    ...threadsOf(finding),
    element('h3', null, 'Reproduce'),
    element('div', { class: 'reproduce' }, element('pre', null, finding.reproduce), copy));
}

const findingColumns = [
  { title: 'Verdict', value: (finding) => (rank.get(finding.verdict) ?? -1) + (asideOf(finding) ? untried : 0) },
  { title: 'Where', value: (finding) => finding.where },
  { title: 'How it ended', value: (finding) => finding.end },
  { title: 'The call that failed', value: (finding) => finding.fault.where },
  { title: 'Runs', value: (finding) => finding.runs, number: true },
];
const findingOrder = { column: 0, down: false };
const opened = new Set();

function toggle(finding, focus) {
  if (!opened.delete(finding.id)) opened.add(finding.id);
  showFindings();
  if (focus) document.querySelector(`[data-id="${CSS.escape(finding.id)}"] .toggle`).focus();
}

function findingRow(finding) {
  const isOpen = opened.has(finding.id);
  const button = element('button', {
    type: 'button', class: 'toggle', 'aria-expanded': String(isOpen), 'aria-label': `details of ${finding.where}`,
  }, isOpen ? '▾' : '▸');
  const row = element('tr', { class: asideOf(finding) ? 'finding aside' : 'finding', 'data-id': finding.id, id: finding.id },
    element('td', null, button, badge(finding.verdict), asideOf(finding) ? element('div', { class: 'muted' }, 'not counted') : ''),
    element('td', null, code(finding.where)), element('td', null, finding.end),
    element('td', null, code(`${finding.fault.function}(${finding.fault.bytes})`), ' in ', code(finding.fault.where)),
    element('td', { class: 'number' }, number(finding.runs)));
  row.addEventListener('click', () => {
    if (!String(window.getSelection())) toggle(finding, true);
  });
  return row;
}

function searchText(finding) {
  const frames = [...finding.fault.stack, ...(finding.second_fault ? finding.second_fault.stack : []),
    ...(finding.blow_up ? finding.blow_up.stack : [])];
  return [finding.message, finding.id, finding.fault.plan, ...frames.map((frame) => `${frame.function || ''} ${place(frame)}`)]
    .join('\n').toLowerCase();
}
const searchTexts = new Map(allFindings.map((finding) => [finding, searchText(finding)]));

function shownFindings() {
  const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdict = byId('verdict').value;
  return sorted(allFindings.filter((finding) => (!verdict || finding.verdict === verdict)
    && words.every((word) => searchTexts.get(finding).includes(word))), findingColumns, findingOrder);
}

function showFindings() {
  const shown = shownFindings();
  showHead(byId('findings-head'), findingColumns, findingOrder, showFindings);
  byId('findings').replaceChildren(...shown.flatMap((finding) => (opened.has(finding.id)
    ? [findingRow(finding), element('tr', { class: 'detail' }, detailOf(finding))] : [findingRow(finding)])));
  if (shown.length === 0)
    byId('findings').append(element('tr', null, element('td', { colspan: findingColumns.length, class: 'muted' },
      allFindings.length ? 'None that matches.' : 'None: every failed allocation was handled or refused.')));
  byId('shown').textContent = shown.length === allFindings.length ? '' : `${shown.length} of ${allFindings.length} shown`;
}

function goTo(id) {
  const finding = allFindings.find((one) => one.id === id);
  if (!finding) return;
  byId('filter').value = byId('verdict').value = '';
  opened.add(id);
  showFindings();
  byId(id).scrollIntoView({ block: 'start' });
  byId(id).querySelector('.toggle').focus({ preventScroll: true });
}

function startFindings() {
  for (const name of new Set(allFindings.map((finding) => finding.verdict)))
    byId('verdict').append(element('option', { value: name }, name));
  byId('filter').addEventListener('input', showFindings);
  byId('verdict').addEventListener('change', showFindings);
  byId('open-all').addEventListener('click', () => {
    const shown = shownFindings();
    const close = shown.every((finding) => opened.has(finding.id));
    for (const finding of shown) opened[close ? 'delete' : 'add'](finding.id);
    byId('open-all').textContent = close ? 'Open all' : 'Close all';
    showFindings();
  });
  byId('findings-tools').hidden = allFindings.length === 0;
  if (allFindings.length === 1) opened.add(allFindings[0].id);
  showFindings();
}

/* The icicle chart: the call tree from main() down to what allocates. */

const ROW = 21, LEAST_WIDTH = 1, LABEL_WIDTH = 24, LETTER_WIDTH = 7.3, STACK_CUT = 32;
/* What calls main() and the constructors is the same everywhere: left out. */
const STARTUP_FRAMES = 6;
const outside = /^(_start|__libc_start_main(_impl)?|__libc_start_call_main|_dl_.*|call_init)$/;
const isRuntime = (frame) => /^(libc|libstdc\+\+|libc\+\+|ld-linux[^.]*)[.-].*/.test(baseName(frame.module));
const label = (frame) => frame.function || `${baseName(frame.module) || '?'}+${frame.offset}`;

function newNode(name, frame, parent) {
  return { name, frame, parent, children: new Map(), calls: 0, sites: 0, worst: untried, below: [], depth: parent ? parent.depth + 1 : 0 };
}

function worstOf(site) {
  return rank.has(site.worst) ? rank.get(site.worst) : untried;
}

function buildTree() {
  const root = newNode('all allocations', null, null);
  for (const site of report.sites) {
    const frames = site.frames.map((i) => report.frames[i]).reverse();
    const path = [root];
    const isCut = frames.filter((frame) => !frame.inlined).length >= STACK_CUT;
    const outer = frames.slice(0, STARTUP_FRAMES).findLastIndex((frame) => outside.test(frame.function || ''));
    const steps = frames.slice(outer + 1).map((frame) => [label(frame), frame]);
    if (isCut) steps.unshift(['… outer calls, cut off', null]);
    for (const [name, frame] of steps) {
      const parent = path[path.length - 1];
      const key = `${name}\n${frame ? frame.module : ''}`;
      if (!parent.children.has(key)) parent.children.set(key, newNode(name, frame, parent));
      path.push(parent.children.get(key));
    }
    for (const node of path) {
      node.calls += site.calls;
      node.sites += 1;
      node.worst = Math.min(node.worst, worstOf(site));
      node.below.push(site);
    }
  }
  return root;
}

const tree = buildTree();
let zoomed = tree, current = tree, drawnWidth = 0;
const nodes = new WeakMap(); /* of the cells that are drawn */
const weightOf = (node) => (byId('weight').value === 'sites' ? node.sites : node.calls);
const verdictName = (node) => (node.worst < untried ? report.verdicts[node.worst].name : '');
const childrenOf = (node) => [...node.children.values()].sort((a, b) => weightOf(b) - weightOf(a) || a.name.localeCompare(b.name));

function describe(node) {
  return `${node.name}: ${plural(node.calls, 'allocation')} at ${plural(node.sites, 'site')}, ${verdictName(node) || 'not tried'}`;
}

function cell(node, x, width, row) {
  const group = document.createElementNS(SVG, 'g');
  if (node.children.size) group.classList.add('has-children');
  const attributes = { tabindex: node === current ? 0 : -1, role: 'treeitem', 'aria-label': describe(node), 'aria-level': node.depth + 1 };
  for (const [name, value] of Object.entries(attributes)) group.setAttribute(name, value);
  const rect = document.createElementNS(SVG, 'rect');
  for (const [name, value] of Object.entries({ x, y: row * ROW, width, height: ROW, class: colour(verdictName(node)) }))
    rect.setAttribute(name, value);
  const title = document.createElementNS(SVG, 'title');
  title.textContent = describe(node);
  group.append(title, rect);
  if (width >= LABEL_WIDTH) {
    const text = document.createElementNS(SVG, 'text');
    const letters = Math.floor((width - 8) / LETTER_WIDTH);
    text.setAttribute('x', x + 4);
    text.setAttribute('y', row * ROW + ROW - 6);
    text.textContent = node.name.length <= letters ? node.name : node.name.slice(0, Math.max(letters - 1, 1)) + '…';
    group.append(text);
  }
  node.cell = group;
  nodes.set(group, node);
  return group;
}

function drawBelow(svg, node, x, width, row) {
  svg.append(cell(node, x, width, row));
  let deepest = row;
  for (const child of childrenOf(node)) {
    const part = width * weightOf(child) / weightOf(node);
    if (part < LEAST_WIDTH) break;
    deepest = Math.max(deepest, drawBelow(svg, child, x, part, row + 1));
    x += part;
  }
  return deepest;
}

function forgetCells(node) {
  node.cell = null;
  for (const child of node.children.values()) forgetCells(child);
}

function draw() {
  drawnWidth = byId('chart').clientWidth;
  const hadFocus = byId('chart').contains(document.activeElement);
  const width = Math.max(drawnWidth, 300);
  const svg = document.createElementNS(SVG, 'svg');
  const above = [];
  forgetCells(tree);
  for (let node = zoomed.parent; node; node = node.parent) above.unshift(node);
  above.forEach((node, row) => {
    const group = cell(node, 0, width, row);
    group.classList.add('is-above');
    svg.append(group);
  });
  const deepest = drawBelow(svg, zoomed, 0, width, above.length);
  if (!current.cell) current = zoomed;
  current.cell.setAttribute('tabindex', 0);
  svg.setAttribute('height', (deepest + 1) * ROW);
  svg.setAttribute('role', 'tree');
  svg.setAttribute('aria-labelledby', 'chart-heading');
  byId('chart').replaceChildren(svg);
  byId('zoom-out').disabled = zoomed === tree;
  if (hadFocus) current.cell.focus({ preventScroll: true });
}

function zoom(node) {
  zoomed = node;
  draw();
  showNode(current);
}

function moveTo(node) {
  if (!node || !node.cell) return;
  if (current.cell) current.cell.setAttribute('tabindex', -1);
  current = node;
  node.cell.setAttribute('tabindex', 0);
  node.cell.focus();
}

function chartKey(event) {
  const siblings = current.parent ? childrenOf(current.parent).filter((node) => node.cell) : [current];
  const at = siblings.indexOf(current);
  const actions = {
    ArrowUp: () => moveTo(current.parent),
    ArrowDown: () => moveTo(childrenOf(current)[0]),
    ArrowLeft: () => moveTo(siblings[at - 1]),
    ArrowRight: () => moveTo(siblings[at + 1]),
    Home: () => moveTo(tree),
    Enter: () => zoom(current),
    ' ': () => zoom(current),
    Escape: () => { if (zoomed.parent) zoom(zoomed.parent); },
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function siteCulprit(site) {
  const frames = site.frames.map((i) => report.frames[i]);
  return frames.find((frame) => !isRuntime(frame)) || frames[0];
}

/* Of a nameless function: the first caller that has a name. */
function underOf(site, frame) {
  if (!frame || frame.function) return null;
  const frames = site.frames.map((i) => report.frames[i]);
  const named = frames.slice(frames.indexOf(frame)).find((one) => one.function);
  return named ? element('span', { class: 'muted' }, ' under ', code(named.function)) : null;
}

function showNode(node) {
  const frame = node.frame;
  const indices = new Set(node.below.map((site) => report.sites.indexOf(site)));
  const found = allFindings.filter((finding) => indices.has(finding.fault.site));
  byId('node').replaceChildren(element('div', null,
    element('p', null, badge(verdictName(node)), ' ', code(node.name), ' ',
      element('span', { class: 'code muted' }, frame && frame.function ? `${place(frame)}  ${frame.file ? baseName(frame.module) : ''}` : '')),
    element('p', null, `${plural(node.calls, 'allocation')} at ${plural(node.sites, 'site')} `,
      element('span', { class: 'muted' }, `(${(100 * node.calls / Math.max(tree.calls, 1)).toFixed(1)} % of all)`)),
    found.length ? element('ul', null, ...found.slice(0, 8).map((finding) => element('li', null, badge(finding.verdict), ' ',
      element('a', { href: '#' + finding.id, onclick: () => goTo(finding.id) }, finding.where)))) : null));
}

/* Calls act with the node whose cell an event of the chart happened in. */
function onCells(type, act) {
  byId('chart').addEventListener(type, (event) => {
    const node = nodes.get(event.target.closest('g'));
    if (node) act(node);
  });
}

function startChart() {
  byId('chart').addEventListener('keydown', chartKey);
  onCells('click', (node) => { current = node; zoom(node); });
  onCells('pointerover', showNode);
  onCells('focusin', showNode);
  byId('weight').addEventListener('change', draw);
  byId('zoom-out').addEventListener('click', () => zoom(zoomed.parent || tree));
  new ResizeObserver(() => { if (byId('chart').clientWidth !== drawnWidth) draw(); }).observe(byId('chart'));
  draw();
  showNode(tree);
}

/* Sites. */

const SITES_SHOWN = 25;
let allSites = false;
const siteColumns = [
  { title: 'Worst', value: worstOf },
  { title: 'Called by', value: (site) => (siteCulprit(site) ? label(siteCulprit(site)) : '') },
  { title: 'Calls', value: (site) => site.calls, number: true },
  { title: 'Runs', value: (site) => site.runs, number: true },
  { title: 'Site', value: (site) => site.key },
];
const siteOrder = { column: 0, down: false };

function showSites() {
  const rows = sorted(report.sites, siteColumns, siteOrder);
  showHead(byId('sites-head'), siteColumns, siteOrder, showSites);
  byId('sites').replaceChildren(...rows.slice(0, allSites ? rows.length : SITES_SHOWN).map((site) => {
    const frame = siteCulprit(site);
    return element('tr', null, element('td', null, badge(site.worst)),
      element('td', null, ...(frame ? frameText(frame, '') : ['?']), underOf(site, frame), site.before_main ? ' before main' : ''),
      element('td', { class: 'number' }, number(site.calls)), element('td', { class: 'number' }, number(site.runs)),
      element('td', null, code(site.key)));
  }));
  byId('all-sites').hidden = allSites || rows.length <= SITES_SHOWN;
  byId('all-sites').textContent = `Show all ${number(rows.length)}`;
}

byId('all-sites').addEventListener('click', () => { allSites = true; showSites(); });
showHeading();
startFindings();
startChart();
showSites();
window.addEventListener('hashchange', () => goTo(decodeURIComponent(location.hash.slice(1))));
goTo(decodeURIComponent(location.hash.slice(1)));
