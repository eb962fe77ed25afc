'use strict';
/* oxlint-disable no-unused-vars -- the script after this one uses it */
// The form that adds or edits one connector. A refresh never touches it.

const serverKeys = (
  'OPENCTI_URL OPENCTI_TOKEN CONNECTOR_TYPE CONNECTOR_RUN_AND_TERMINATE CONNECTOR_ID OPENAEV_URL OPENAEV_TOKEN ' +
  'OPENAEV_TENANT_ID COLLECTOR_ID INJECTOR_ID EXECUTOR_ID SECRETS_PROVIDER_ID'
).split(' ');
let contracts = [];
let aevSlugs = [];
const isAev = (slug) => aevSlugs.includes(slug);
/** The connector being edited; undefined while adding. */
let edited;

function field(key, property, value, required) {
  const secret = property.format === 'password';
  const choices = property.type === 'boolean' ? ['true', 'false'] : property.enum;
  const fallback = property.default === undefined ? '' : String(property.default);
  const input =
    choices === undefined
      ? element('input', { type: secret ? 'password' : 'text', autocomplete: secret ? 'new-password' : 'off' })
      : element('select', {}, ...['', ...choices].map((choice) => element('option', { value: choice }, choice)));
  input.name = key;
  input.className = 'mono';
  input.value = value ?? '';
  if (secret && edited !== undefined) input.placeholder = 'unchanged';
  else if (fallback !== '') {
    if (choices === undefined) input.placeholder = fallback;
    else input.options[0].textContent = `default: ${fallback}`;
  }
  input.required = required && !(secret && edited !== undefined);
  const note = element('span', { className: 'muted' }, `${property.description}${required ? ', required' : ''}`);
  return element('label', {}, element('span', { className: 'mono' }, key), ' ', note, input);
}

/** The form of a connector without a contract: its keys as they are, without a check. */
function rawFields(configuration) {
  return configuration.map(({ key, value, secret }) =>
    field(key, { type: 'string', description: '', format: secret ? 'password' : undefined }, value, false),
  );
}

function fillForm() {
  const contract = contracts.find(({ slug }) => slug === $('form-contract').value);
  const values = new Map(edited?.configuration.map(({ key, value }) => [key, value]));
  const rows = contract === undefined ? rawFields(edited?.configuration ?? []) : [];
  const demo = [];
  for (const [key, property] of Object.entries(contract?.config_schema.properties ?? {})) {
    if (serverKeys.includes(key)) continue;
    const row = field(key, property, values.get(key), contract.config_schema.required.includes(key));
    (key.startsWith('DEMO_') ? demo : rows).push(row);
  }
  $('form-fields').replaceChildren(...rows);
  $('form-demo-fields').replaceChildren(...demo);
  $('form-demo').hidden = demo.length === 0;
  $('form-image-note').hidden = edited !== undefined;
  $('form-contract').disabled = edited !== undefined;
  $('form-start-label').hidden = edited !== undefined;
  $('form-cancel').hidden = edited === undefined;
  setText($('form-title'), edited === undefined ? 'Add a connector' : `Edit ${edited.name}`);
  setText($('form-submit'), edited === undefined ? 'Add' : 'Save');
}

function startEdit(connector) {
  edited = connector;
  $('form-contract').value = connector.slug ?? '';
  $('form-name').value = connector.platform === 'openaev' ? connector.title : connector.name;
  $('form-image').value = connector.image;
  fillForm();
  $('form-title').scrollIntoView({ behavior: 'smooth' });
  $('form-name').focus();
}

function endEdit() {
  edited = undefined;
  $('form-name').value = '';
  $('form-image').value = '';
  if ($('form-contract').selectedIndex < 1) $('form-contract').selectedIndex = 1;
  fillForm();
}

function readForm() {
  const inputs = [...$('form').querySelectorAll('[name]')];
  const secrets = new Set(edited?.configuration.filter(({ secret }) => secret).map(({ key }) => key));
  return inputs
    .filter((input) => input.value !== '' || secrets.has(input.name))
    .map((input) => ({
      key: input.name,
      value: input.value,
      ...(secrets.has(input.name) ? { secret: true } : {}),
    }));
}

async function submitForm() {
  const name = $('form-name').value;
  const image = $('form-image').value;
  const shared = { name, configuration: readForm() };
  if (edited !== undefined) await call('PATCH', `${pathOf(edited)}connectors/${edited.id}`, { ...shared, image });
  else
    await call('POST', `${isAev($('form-contract').value) ? 'openaev/' : ''}connectors`, {
      ...shared,
      slug: $('form-contract').value,
      ...(image === '' ? {} : { image }),
      requested: $('form-start').checked ? 'starting' : 'stopped',
    });
  endEdit();
}

async function loadForm() {
  const [opencti, openaev] = await Promise.all(['catalogue', 'openaev/catalogue'].map((path) => call('GET', path)));
  contracts = [...opencti, ...openaev];
  aevSlugs = openaev.map(({ slug }) => slug);
  $('form-contract').replaceChildren(
    element('option', { value: '', hidden: true }, 'no contract'),
    ...[
      ['OpenCTI', opencti],
      ['OpenAEV', openaev],
    ].map(([label, of]) =>
      element('optgroup', { label }, ...of.map(({ slug, title }) => element('option', { value: slug }, title))),
    ),
  );
  endEdit();
  on('form-contract', 'change', fillForm);
  on('form-cancel', 'click', endEdit);
  on('form', 'submit', (event) => {
    event.preventDefault();
    void act(submitForm);
  });
}
