/* SPDX-License-Identifier: MIT */
/* The icicle chart: the call tree from main() down to what allocates. */

const ROW = 21, LEAST_WIDTH = 1, LABEL_WIDTH = 24, LETTER_WIDTH = 7.3, STACK_CUT = 32;
/* What calls main() and the constructors is the same everywhere, so it is not shown. */
const STARTUP_FRAMES = 6;
const outside = /^(_start|__libc_start_main(_impl)?|__libc_start_call_main|_dl_.*|call_init)$/;
const isRuntime = (frame) => /^(libc|libstdc\+\+|libc\+\+|ld-linux[^.]*)[.-].*/.test(baseName(frame.module));
const label = (frame) => frame.function || `${baseName(frame.module) || '?'}+${frame.offset}`;

function newNode(name, frame, parent) {
  return { name, frame, parent, children: new Map(), calls: 0, sites: 0, worst: untried, below: [], depth: parent ? parent.depth + 1 : 0 };
}

function worstOf(site) {
  return rank.has(site.worst_verdict) ? rank.get(site.worst_verdict) : untried;
}

function buildTree() {
  const root = newNode('all allocations', null, null);
  for (const site of report.sites || []) {
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
      element('span', { class: 'code muted' }, frame && frame.function ? `${locationOf(frame)}  ${frame.file ? baseName(frame.module) : ''}` : '')),
    element('p', null, `${plural(node.calls, 'allocation')} at ${plural(node.sites, 'site')} `,
      element('span', { class: 'muted' }, `(${(100 * node.calls / Math.max(tree.calls, 1)).toFixed(1)} % of all)`)),
    found.length ? element('ul', null, ...found.slice(0, 8).map((finding) => element('li', null, badge(finding.verdict), ' ',
      element('a', { href: '#' + finding.id, onclick: () => goTo(finding.id) }, finding.location)))) : null));
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
    return element('tr', null, element('td', null, badge(site.worst_verdict)),
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
showTests();
if (report.sites) {
  startChart();
  showSites();
}
window.addEventListener('hashchange', () => goTo(decodeURIComponent(location.hash.slice(1))));
goTo(decodeURIComponent(location.hash.slice(1)));
