'use strict';
/* oxlint-disable no-unused-vars -- the scripts after this one use it */
// Small helpers. Everything shown comes from a manager or a user, so text only ever enters as text.

const $ = (id) => document.getElementById(id);
const on = (id, event, handler) => $(id).addEventListener(event, handler);

/** element('button', { type: 'button', onclick }, 'Start') */
function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Touches the page only where something changed, so that a selection or a half-made click survives the refresh. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setLines(list, lines) {
  while (list.children.length > lines.length) list.lastChild.remove();
  lines.forEach((line, index) => {
    if (list.children[index] === undefined) list.append(element('li'));
    setText(list.children[index], line);
  });
}

let toastTimer;
function toast(text) {
  setText($('toast'), text);
  $('toast').hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($('toast').hidden = true), 8000);
}
on('toast', 'click', () => ($('toast').hidden = true));

async function call(method, path, body) {
  const response = await fetch(`/control/${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-requested-with': 'sandbox' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // The session ends with the process that gave it; loading the page again gets a new one.
  if (response.status === 401) location.reload();
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** The control API has a branch for each platform. */
const pathOf = ({ platform }) => (platform === 'openaev' ? 'openaev/' : '');

/** Runs what a person asked for, shows what went wrong, and then how things are now. */
async function act(work) {
  try {
    await work();
  } catch (error) {
    toast(error.message);
  }
  await refresh();
}

function duration(seconds) {
  if (seconds === null) return '–';
  const parts = [
    [Math.floor(seconds / 86400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return first < 0 ? '0 s' : parts.slice(first, first + 2).map(([count, unit]) => `${count} ${unit}`).join(' '); // prettier-ignore
}

const time = (iso) => (iso === null ? '' : new Date(iso).toLocaleTimeString());

/** A log line as its message, when it is JSON with one. */
function message(line) {
  try {
    const { level, message: text } = JSON.parse(line);
    return text === undefined ? line : `${level ?? ''} ${text}`.trim();
  } catch {
    return line;
  }
}
