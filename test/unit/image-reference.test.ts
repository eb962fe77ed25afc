import { describe, expect, test } from 'vitest';
import { isReference } from '../../model/image.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('an image reference', () => {
  test.each([
    'busybox',
    'opencti/connector-mitre:6.9.0',
    'registry.example.com:5000/proxy/opencti/x:latest',
    'localhost/x',
    'localhost:5000/team/x_y__z--w:Rolling_1.0-rc',
    `team/x@${digest}`,
    `127.0.0.1:5000/team/x:1@${digest}`,
  ])('%s', (text) => expect(isReference(text)).toBe(true));

  test.each([
    '',
    'Not A Reference!!',
    'UPPER/x',
    'a/b:',
    'a//b',
    '-x',
    'x:tag with space',
    `x@${digest.slice(0, 20)}`,
    'https://host/x',
  ])('is not "%s"', (text) => expect(isReference(text)).toBe(false));
});
