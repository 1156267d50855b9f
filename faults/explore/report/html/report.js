/* SPDX-License-Identifier: MIT */
'use strict';
/* Everything shown comes from a program under test: it is put on the page as text only, never as markup. */
const report = JSON.parse(document.getElementById('document').textContent);
const byId = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const known = new Set(['crash', 'sanitizer', 'corruption', 'abort', 'hang', 'flood', 'internal', 'wrong', 'silent', 'untold', 'leak', 'mute', 'hostile', 'leftover', 'errno', 'swallowed', 'misreported', 'varied', 'reported', 'handled']);
/* Those that do not count come after the others, with the reason why. */
const allFindings = [...report.findings, ...report.excluded];
const exclusionOf = (finding) => finding.exclusion || (finding.flaky ? 'flaky: not when it was tried again' : '');
const rank = new Map(report.verdicts.map((verdict, i) => [verdict.name, i]));
const untried = report.verdicts.length;
/* Of a suite: the tests that were recorded. */
const tests = report.cases || [];

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
/* "function (file:line)": the second part stands in a line of its own where both do not fit, and if it is too long for
 * that, it is broken behind a slash, not within a number. */
const breakable = (path) => path.split(/(?<=[^(]\/)/).flatMap((part, i) => (i ? [element('wbr'), part] : [part]));
function place(text) {
  const [, before, path] = /^([^]*? )?(\([^ ]*\).*)$/.exec(text) || [null, text, null];
  return element('span', { class: 'code' }, before || '', path ? element('span', { class: 'path' }, ...breakable(path)) : '');
}

function locationOf(frame) {
  if (frame.file) return `${frame.file}:${frame.line || '?'}`;
  return `${baseName(frame.module) || 'no module'}+${frame.offset}`;
}

/* Heading. */

const notExercised = {
  occurrence_class: 'beyond each site’s first, second, 4th, 8th … and last (--all tries them)',
  site_filter: 'at sites that --sites leaves out', test_code: 'that test code makes itself',
  max_points: 'beyond --max-points', budget: 'when the time was up', interrupted: 'when it was interrupted',
  other_shards: 'of other shards', quick: 'beyond three tests for each common site (--quick)', not_reached: 'not reached again', no_site: 'with more call stacks than fit',
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
  const excluded = allFindings.length - counted;
  const runs = report.verdicts.reduce((sum, verdict) => sum + verdict.runs, 0);
  const warnings = [];
  if (report.cases) byId('tool').textContent = 'nomem suite --';
  byId('command').textContent = report.command.join(' ');
  if (coverage.points_in_other_shards) warnings.push(`${plural(coverage.points_in_other_shards, 'point')} of ${number(coverage.points)} are other shards’.`);
  if (report.complete && coverage.points_tried + coverage.points_in_other_shards < coverage.points) warnings.push('The time was up before all points were tried.');
  byId('result').textContent = `${counted ? plural(counted, 'finding') : 'No finding'} in ${plural(runs, 'run')}${excluded ? `, ${number(excluded)} not counted` : ''}`;
  byId('next').textContent = report.next ? `Next: ${report.next}.` : '';
  byId('next').hidden = !report.next;
  if (!report.complete) warnings.push(`Not complete: ${coverage.points_tried || 0} of ${coverage.points || 0} points were tried.`);
  const reasons = Object.entries(coverage.calls_not_exercised || {}).filter(([, calls]) => calls > 0);
  if (reasons.length) warnings.push(`Not exercised: ${reasons.map(([why, calls]) => `${plural(calls, 'call')} ${notExercised[why] || why}`).join(', ')}.`);
  /* What test code does itself is left alone on purpose: that is no warning. */
  const isOfTest = reasons.length > 0 && reasons.every(([why]) => why === 'test_code');
  if (coverage.sites_tried < coverage.sites && !isOfTest) warnings.push(`${plural(coverage.sites - coverage.sites_tried, 'site')} of ${number(coverage.sites)} not tried at all.`);
  if (coverage.sites_unstable) warnings.push(`${plural(coverage.sites_unstable, 'site')} reached in only one of the two baselines.`);
  if (coverage.allocations_without_site) warnings.push(`${plural(coverage.allocations_without_site, 'allocation')} not tried: no room among the sites.`);
  if (coverage.stacks === false) warnings.push('Without ptrace: no stacks of crashes, and crashes of child processes were not seen.');
  for (const warning of report.warnings || []) warnings.push(`${warning}.`);
  byId('warning').replaceChildren(...warnings.map((warning) => element('div', null, warning)));
  byId('warning').hidden = warnings.length === 0;
  byId('warning').classList.toggle('quiet', isOfTest && warnings.length === 1);
  byId('facts').append(
    ...(report.cases ? [fact('tests explored', ...share(coverage.cases_explored, tests.length))]
      : [fact('program', code(report.image)), fact('allocations', number(report.baseline.allocations))]),
    fact('sites exercised', ...share(coverage.sites_exercised || 0, coverage.sites || 0)),
    fact('allocation points exercised', ...share(coverage.calls_exercised || 0, coverage.calls || 0)),
    ...(coverage.second_faults ? [fact('second faults in recovery', ...share(coverage.second_faults_exercised, coverage.second_faults))] : []),
    fact('runs', ...share(coverage.points_tried || 0, coverage.points || 0)),
    ...(report.baseline ? [fact('one run', `${(report.baseline.microseconds / 1000).toFixed(1)} ms`)] : []),
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

/* A frame's function and location. Of a function without a name the location is all there is. */
function frameText(frame, prefix) {
  const attributes = { class: 'code muted', title: frame.module || '' };
  return frame.function ? [code(prefix + frame.function), ' ', element('span', attributes, locationOf(frame))]
    : [code(prefix.trimEnd()), ' ', element('span', { ...attributes, class: 'code' }, locationOf(frame))];
}

function frameItem(frame, i, trace, open) {
  const line = [...frameText(frame, i === '' ? '' : `#${i} `), frame.inlined ? ' (inlined)' : ''];
  return element('li', { class: i === trace.culprit ? 'culprit' : undefined }, frame.source
    ? element('details', { open: i === open }, element('summary', null, ...line), sourceOf(frame))
    : element('div', { class: 'plain' }, ...line));
}

const blowUpTitles = { hang: 'Where it hangs', leak: 'What was leaked, allocated here' };

// A leaked block was allocated elsewhere than it was lost where a realloc of it failed, or where it had been handed over.
function wasLostLater(finding) {
  return finding.verdict === 'leak' && (finding.handed_over || finding.fault.function.startsWith('realloc'));
}

function originTitle(finding) {
  const isFile = ['leftover', 'leak'].includes(finding.verdict) && !wasLostLater(finding);
  return isFile ? 'It was created, or opened, here' : 'The block was allocated here';
}

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
    element('summary', null, `thread ${thread.number} (`, code(thread.name), `${processes > 1 ? `, process ${thread.process}` : ''}) ${thread.state}`),
    element('ol', { class: 'stack' }, ...thread.stack.map((frame, i) => frameItem(frame, i, thread, -1)))))];
}

const failed = (fault) => fault.effect || (fault.function === 'new' ? 'failed' : 'returned NULL');

function mendingOf(name) {
  const mending = report.verdicts.find((verdict) => verdict.name === name)?.mending;
  return mending ? [element('h3', null, 'How to mend it'), element('p', null, mending)] : [];
}

function detailOf(finding) {
  const fault = finding.fault, second = finding.second_fault;
  const what = `${fault.function} of ${plural(fault.bytes, 'byte')} ${failed(fault)}`
    + (fault.persistent ? ', and so did all later calls' : '') + (fault.calls > 1 ? `, and so did ${number(fault.calls - 1)} more` : '') + ` (allocation ${number(fault.allocation)})`;
  const hasBlowUp = finding.blow_up || finding.signal || finding.verdict === 'hang';
  const copy = element('button', { type: 'button', class: 'copy', 'aria-live': 'polite' }, 'Copy');
  copy.addEventListener('click', () => copyText(finding.reproduce, copy));
  return element('td', { colspan: findingColumns.length },
    element('p', null, `${finding.meaning}: ${finding.end}.`, exclusionOf(finding) ? ` Not counted: ${exclusionOf(finding)}.` : ''),
    finding.unchecked ? element('div', { class: 'unchecked' }, element('h3', null,
      `${finding.unchecked.is_unset ? 'Not set yet' : finding.unchecked.was_checked ? 'Left NULL' : 'Not checked'}, in ${finding.code_owner}`),
      element('ol', { class: 'stack' }, frameItem(finding.unchecked, '', {}, ''))) : null,
    element('div', { class: 'stacks' }, stackBlock(`The ${finding.hostile ? 'call' : 'fault'}: ${what}`, fault),
      ...(second ? [stackBlock(`Then, on the recovery path: ${second.function} of ${plural(second.bytes, 'byte')} ${failed(second)} (allocation ${number(second.allocation)})`, second)] : []),
      hasBlowUp ? stackBlock(finding.handed_over ? 'Where it was lost' : blowUpTitles[finding.verdict] ?? 'Where it blew up', finding.blow_up) : '',
      finding.origin ? stackBlock(originTitle(finding), finding.origin) : '',
      finding.freed ? stackBlock('And freed before here', finding.freed) : ''),
    ...threadsOf(finding),
    ...(finding.cases ? [element('h3', null, `Shown by ${plural(finding.cases.length, 'test')}`),
      element('p', { class: 'code' }, finding.cases.join(', '))] : []),
    ...mendingOf(finding.verdict),
    element('h3', null, 'Reproduce'),
    element('div', { class: 'reproduce' }, element('pre', null, finding.reproduce), copy),
    finding.needs ? element('p', null, `It needs ${finding.needs}.`) : '');
}

const findingColumns = [
  { title: 'Verdict', value: (finding) => (rank.get(finding.verdict) ?? -1) + (exclusionOf(finding) ? untried : 0) },
  { title: 'Where', value: (finding) => finding.location },
  { title: 'How it ended', value: (finding) => finding.end },
  { title: 'The call that failed', value: (finding) => finding.fault.location },
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
    type: 'button', class: 'toggle', 'aria-expanded': String(isOpen), 'aria-label': `details of ${finding.location}`,
  }, isOpen ? '▾' : '▸');
  const row = element('tr', { class: exclusionOf(finding) ? 'finding excluded' : 'finding', 'data-id': finding.id, id: finding.id },
    element('td', null, button, badge(finding.verdict), exclusionOf(finding) ? element('div', { class: 'muted' }, 'not counted') : ''),
    element('td', null, place(finding.location)), element('td', null, finding.end),
    element('td', null, code(`${finding.fault.function}(${finding.fault.bytes})`), ' in ', place(finding.fault.location)),
    element('td', { class: 'number' }, number(finding.runs)));
  row.addEventListener('click', () => {
    if (!String(window.getSelection())) toggle(finding, true);
  });
  return row;
}

function searchText(finding) {
  const frames = [...finding.fault.stack, ...(finding.second_fault ? finding.second_fault.stack : []),
    ...(finding.blow_up ? finding.blow_up.stack : [])];
  return [finding.message, finding.id, finding.fault.plan, ...(finding.cases || []), ...frames.map((frame) => `${frame.function || ''} ${locationOf(frame)}`)]
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
      allFindings.length ? 'None that matches.' : 'None: every failed allocation was handled or reported.')));
  byId('shown').textContent = shown.length === allFindings.length ? '' : `${shown.length} of ${allFindings.length} shown`;
}

/* Tests of a suite. */

const testColumns = [
  { title: 'Test', value: (test) => test.name },
  { title: 'Result', value: (test) => test.result || '' },
  { title: 'Findings', value: (test) => test.findings || 0, number: true },
  { title: 'Runs', value: (test) => test.runs || 0, number: true },
  { title: 'Seconds', value: (test) => test.explored_seconds || 0, number: true },
];
const testOrder = { column: 2, down: true };

/* Shows the findings of a test alone. */
function filterBy(test) {
  byId('filter').value = test.name.toLowerCase();
  byId('verdict').value = '';
  showFindings();
  byId('findings-heading').scrollIntoView({ block: 'start' });
}

function testRow(test) {
  const link = element('button', { type: 'button', class: 'toggle', 'aria-label': `findings of ${test.name}` }, '▸');
  link.addEventListener('click', () => filterBy(test));
  return element('tr', null, element('td', null, test.findings ? link : '', code(test.name)),
    element('td', null, test.reason ? `not explored: ${test.reason}` : test.result || ''),
    element('td', { class: 'number' }, number(test.findings || 0)), element('td', { class: 'number' }, number(test.runs || 0)),
    element('td', { class: 'number' }, (test.explored_seconds || 0).toFixed(1)));
}

function showTests() {
  byId('tests-section').hidden = !report.cases;
  byId('chart-section').hidden = byId('sites-section').hidden = !!report.cases;
  showHead(byId('tests-head'), testColumns, testOrder, showTests);
  byId('tests').replaceChildren(...sorted(tests, testColumns, testOrder).map(testRow));
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
