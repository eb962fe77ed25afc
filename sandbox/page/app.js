'use strict';
// The table, one connector in detail, and the fault switches; asks the sandbox every two seconds.

const period = 2000;
const rows = new Map();
let chosen;
let connectors = [];

const cell = (properties, ...children) => element('td', properties, ...children);

function createRow(id) {
  const button = (label, work) =>
    element('button', { type: 'button', className: 'quiet', onclick: () => void act(() => work(current(id))) }, label);
  const name = element('button', { type: 'button', className: 'name', onclick: () => choose(id) });
  const row = {
    name,
    requested: cell({}),
    current: cell({}),
    uptime: cell({}),
    restarts: cell({ className: 'number' }),
    log: cell({ className: 'log' }),
    platform: cell({ className: 'muted' }),
    toggle: button('Start', (connector) =>
      call('POST', `${pathOf(connector)}connectors/${id}/${connector.requested === 'starting' ? 'stop' : 'start'}`),
    ),
  };
  const labels = {
    platform: 'platform',
    requested: 'requested',
    current: 'reported',
    uptime: 'uptime',
    restarts: 'restarts',
  };
  for (const [key, label] of Object.entries(labels)) row[key].dataset.label = label;
  const actions = cell(
    { className: 'actions' },
    row.toggle,
    button('Edit', async (connector) => startEdit(connector)),
    button('Delete', async (connector) => {
      if (confirm(`Delete ${connector.name}?`)) await call('DELETE', `${pathOf(connector)}connectors/${id}`);
    }),
  );
  row.node = element(
    'tr',
    {},
    cell({}, name),
    row.platform,
    row.requested,
    row.current,
    row.uptime,
    row.restarts,
    row.log,
    actions,
  );
  return row;
}

const current = (id) => connectors.find((connector) => connector.id === id);

function statusClass({ requested, current: reported, health }) {
  if (health?.is_in_reboot_loop === true) return 'bad';
  const aligned = (requested === 'starting') === (reported === 'started');
  if (!aligned) return 'warn';
  return reported === 'started' ? 'good' : 'muted';
}

function showRows() {
  for (const connector of connectors) {
    const row = rows.get(connector.id) ?? createRow(connector.id);
    if (!rows.has(connector.id)) {
      rows.set(connector.id, row);
      $('rows').append(row.node);
    }
    const { health } = connector;
    setText(row.name, connector.name);
    row.name.title = connector.name;
    setText(row.platform, connector.platform === 'openaev' ? 'OpenAEV' : 'OpenCTI');
    setText(row.requested, connector.requested);
    setText(row.current, (connector.current ?? 'never') + (health?.is_in_reboot_loop === true ? ', looping' : ''));
    row.current.className = `pill ${statusClass(connector)}`;
    setText(row.uptime, connector.healthExpired ? 'no health' : duration(connector.uptime));
    setText(row.restarts, connector.restarts === null ? '–' : String(connector.restarts));
    const last = message(connector.logs.at(-1) ?? '');
    setText(row.log, last);
    row.log.title = last;
    setText(row.toggle, connector.requested === 'starting' ? 'Stop' : 'Start');
    row.node.classList.toggle('chosen', connector.id === chosen);
  }
  for (const [id, row] of rows) {
    if (current(id) !== undefined) continue;
    row.node.remove();
    rows.delete(id);
  }
  $('none').hidden = connectors.length > 0;
}

function choose(id) {
  chosen = chosen === id ? undefined : id;
  showRows();
  showDetail();
}

function showDetail() {
  const connector = current(chosen);
  $('detail').hidden = connector === undefined;
  if (connector === undefined) return;
  const { health } = connector;
  const facts = [
    ['Image', connector.image || '(none)'],
    ['Contract hash', connector.hash ?? '(not listed yet)'],
    ['Requested', connector.requested],
    ['Reported', connector.current ?? 'never'],
    ['Started', health === null ? '–' : new Date(health.started_at).toLocaleString()],
    ['Health', health === null ? 'none' : `${time(health.last_update)}${connector.healthExpired ? ', expired' : ''}`],
    ['Restarts', connector.restarts === null ? '–' : String(connector.restarts)],
    ['Reboot loop', health === null ? '–' : String(health.is_in_reboot_loop)],
  ];
  setText($('detail-name'), connector.name);
  setText($('detail-id'), connector.id);
  const list = $('detail-facts');
  if (list.children.length !== facts.length)
    list.replaceChildren(...facts.map(() => element('div', {}, element('dt'), element('dd'))));
  facts.forEach(([label, value], index) => {
    setText(list.children[index].children[0], label);
    setText(list.children[index].children[1], value);
  });
  const log = $('detail-logs');
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
  setText(log, connector.logs.join('\n') || 'Nothing reported yet.');
  if (atEnd) log.scrollTop = log.scrollHeight;
  setText($('detail-logs-at'), time(connector.logsAt));
  setText($('detail-status-count'), String(connector.statusCount));
  setLines(
    $('detail-statuses'),
    connector.statuses
      .toReversed()
      .map(({ at, status, previous }) => `${time(at)}  ${previous ?? 'never'} → ${status}`),
  );
  setLines(
    $('detail-configuration'),
    connector.configuration.map(({ key, value, secret }) => (secret ? `${key} ••••••` : `${key} = ${value}`)),
  );
}

/** Each switch: its label, whether it is on in the present faults, and the patch that sets it. */
const operation = (name, fault) => ({ operations: { [name]: fault } });
const switches = [
  ['Listing is empty', (f) => f.listing?.mode === 'empty', (on) => ({ listing: { mode: on ? 'empty' : null } })],
  ['Listing is null', (f) => f.listing?.mode === 'null', (on) => ({ listing: { mode: on ? 'null' : null } })],
  [
    'Listing shows only the first',
    (f) => f.listing?.mode === 'partial',
    (on, n) => ({ listing: { mode: on ? 'partial' : null, first: on ? n : null } }),
    3,
  ],
  ['Listing has 500 records', (f) => f.listing?.mode === 'full', (on) => ({ listing: { mode: on ? 'full' : null } })],
  [
    'Listing is slow, ms',
    (f) => f.operations?.connectorsForManagers?.delayMs > 0,
    (on, n) => operation('connectorsForManagers', on ? { delayMs: n } : null),
    35000,
  ],
  ['Proxy answers 503', (f) => f.operations?.['*']?.status > 0, (on) => operation('*', on ? { status: 503 } : null)],
  ['Connections drop', (f) => f.operations?.['*']?.drop === true, (on) => operation('*', on ? { drop: true } : null)],
  ['Never answers', (f) => f.operations?.['*']?.hang === true, (on) => operation('*', on ? { hang: true } : null)],
  ['Garbage', (f) => f.operations?.['*']?.garbage === true, (on) => operation('*', on ? { garbage: true } : null)],
  [
    'Right to list is missing',
    (f) => f.missingRights?.includes('SETTINGS_SETACCESSES') === true,
    (on) => ({ missingRights: on ? ['SETTINGS_SETACCESSES'] : null }),
  ],
  [
    'Platform without health and logs',
    (f) => f.missingFeatures?.includes('health') === true,
    (on) => ({ missingFeatures: on ? ['health', 'logs'] : null }),
  ],
  [
    'Secrets do not decrypt',
    (f) => f.listing?.corruptSecrets?.includes('*') === true,
    (on) => ({ listing: { corruptSecrets: on ? ['*'] : null } }),
  ],
].map(([label, isOn, patch, amount]) => {
  const box = element('input', { type: 'checkbox' });
  const number = element('input', { type: 'number', min: '0', value: String(amount ?? 0), className: 'switch-value' });
  number.ariaLabel = label;
  const send = () => void act(() => call('PUT', 'faults', patch(box.checked, Number(number.value))));
  box.addEventListener('change', send);
  number.addEventListener('change', () => box.checked && send());
  const parts = amount === undefined ? [box, label] : [box, label, number];
  $('switches').append(element('label', { className: 'check' }, ...parts));
  return { box, isOn };
});

function showFaults(faults) {
  for (const { box, isOn } of switches) box.checked = isOn(faults);
  const area = $('faults-json');
  if (document.activeElement !== area && area.dataset.typed !== 'yes') {
    const text = JSON.stringify(faults, null, 2);
    if (area.value !== text) area.value = text;
  }
}

let pending = Promise.resolve();

/** One at a time and in order, so that an old answer never covers a newer one. */
function refresh() {
  pending = pending.then(load);
  return pending;
}

async function load() {
  try {
    const paths = ['connectors', 'managers', 'faults', 'rules', 'clock'];
    const [listed, managers, faults, rules, clock, aevListed, aevManagers, aevRules] = await Promise.all(
      [...paths, 'openaev/connectors', 'openaev/managers', 'openaev/rules'].map((path) => call('GET', path)),
    );
    connectors = [...listed, ...aevListed];
    const state = (manager, seen) =>
      manager === undefined
        ? 'no manager registered'
        : `manager “${manager.name}” ${manager.active ? 'active' : 'silent'}, seen ${time(seen)}`;
    const shift = clock.shiftMs === 0 ? '' : `; clock ${duration(Math.round(clock.shiftMs / 1000))} ahead`;
    setText(
      $('summary'),
      `OpenCTI ${rules.platformVersion}, ${state(managers[0], managers[0]?.last_sync_execution)}; ` +
        `OpenAEV ${aevRules.platformVersion}, ${state(aevManagers[0], aevManagers[0]?.lastSync)}${shift}`,
    );
    showRows();
    showDetail();
    showFaults(faults);
  } catch {
    setText($('summary'), 'The sandbox does not answer; trying again.');
  }
}

on('detail-close', 'click', () => choose(chosen));
on('rotate', 'click', () => void act(() => call('POST', 'tokens/rotate', {})));
on('forget', 'click', () => void act(() => call('DELETE', 'managers')));
on('later', 'click', () => void act(() => call('POST', 'clock', { advanceMs: 600_000 })));
on('clear', 'click', () => void act(() => call('DELETE', 'faults')));
on('faults-json', 'input', (event) => (event.target.dataset.typed = 'yes'));
on('faults-save', 'click', () =>
  act(async () => {
    const area = $('faults-json');
    await call('PUT', 'faults', JSON.parse(area.value));
    area.dataset.typed = '';
  }),
);

void act(loadForm);
setInterval(() => void refresh(), period);
