/** The page at `/`: one document that carries its style and script in itself, locked down by its own hashes. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/** Beside this file, or in the source tree when this file was compiled to `dist/`. */
function source(name: string): string {
  const here = new URL(`./page/${name}`, import.meta.url);
  return readFileSync(existsSync(here) ? here : new URL(`../../sandbox/page/${name}`, import.meta.url), 'utf8');
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function loadPage(): Page {
  const style = source('style.css');
  const scripts = ['dom.js', 'forms.js', 'app.js'].map(source);
  const html = source('index.html')
    .replace('<!-- style -->', () => `<style>${style}</style>`)
    .replace('<!-- script -->', () => scripts.map((script) => `<script>${script}</script>`).join(''));
  const policy = [
    `default-src 'none'`,
    `style-src ${hash(style)}`,
    `script-src ${scripts.map(hash).join(' ')}`,
    `connect-src 'self'`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  };
}
