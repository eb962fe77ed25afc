import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnreadablePayload, aesCodec } from '../../codec/aes.ts';
import { decodeBody } from '../../codec/route.ts';

const [one, two] = [randomBytes(32), randomBytes(32)];
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value) ?? {};
const textOf = (data: Uint8Array | null | undefined) => Buffer.from(data ?? []).toString('latin1');

describe('the codec', () => {
  const codec = aesCodec({ current: one, previous: [] });

  test('gives back what it was given, and shows nothing of it in between', () =>
    fc.assert(
      fc.asyncProperty(fc.string({ minLength: 6 }), async (text) => {
        const [sealed = {}] = await codec.encode([payload({ text })]);
        expect(textOf(sealed.data)).not.toContain(text);
        const [back = {}] = await codec.decode([sealed]);
        expect(defaultPayloadConverter.fromPayload(back)).toEqual({ text });
      }),
    ));

  test('equal values do not look equal', async () => {
    const [a, b] = await codec.encode([payload('same'), payload('same')]);
    expect(textOf(a?.data)).not.toBe(textOf(b?.data));
  });

  test('what was written in clear stays readable', async () => {
    expect(await codec.decode([payload('clear')])).toEqual([payload('clear')]);
  });

  test('a former key reads, and only the present one writes', async () => {
    const before = await aesCodec({ current: two, previous: [] }).encode([payload('old')]);
    const rotated = aesCodec({ current: one, previous: [two] });
    expect((await rotated.decode(before)).map((p) => defaultPayloadConverter.fromPayload(p))).toEqual(['old']);
    const after = await rotated.encode([payload('new')]);
    expect((await codec.decode(after)).map((p) => defaultPayloadConverter.fromPayload(p))).toEqual(['new']);
  });

  test('with former keys only, it reads and writes in clear', async () => {
    const reader = aesCodec({ previous: [one] });
    expect(await reader.encode([payload('x')])).toEqual([payload('x')]);
    expect(await reader.decode(await codec.encode([payload('x')]))).toHaveLength(1);
  });

  test('an unknown key is named by its id, with the setting that mends it', async () => {
    const sealed = await codec.encode([payload('x')]);
    const id = textOf(sealed[0]?.metadata?.['encryption-key-id']);
    await expect(aesCodec({ current: two, previous: [] }).decode(sealed)).rejects.toThrow(
      expect.objectContaining({ message: expect.stringMatching(new RegExp(`${id}.*payload_encryption`)) as string }),
    );
    expect(id).not.toContain(one.toString('hex').slice(0, 8));
  });

  test('a single changed bit anywhere is noticed', async () => {
    const [sealed = {}] = await codec.encode([payload('x')]);
    const data = Buffer.from(sealed.data ?? []);
    for (let i = 0; i < data.length; i++) {
      const changed = Buffer.from(data);
      changed[i] = (changed[i] ?? 0) ^ 1;
      await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toThrow(UnreadablePayload);
    }
    await expect(codec.decode([{ ...sealed, data: data.subarray(0, 20) }])).rejects.toThrow(UnreadablePayload);
  });

  test('decodes the body that the Temporal UI sends', async () => {
    const [sealed = {}] = await codec.encode([payload({ name: 'MITRE' })]);
    const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
    const body = {
      payloads: [
        {
          metadata: Object.fromEntries(Object.entries(sealed.metadata ?? {}).map(([k, v]) => [k, base64(v)])),
          data: base64(sealed.data),
        },
      ],
    };
    const answer = JSON.parse(await decodeBody(codec, JSON.stringify(body))) as {
      payloads: { metadata: Record<string, string>; data: string }[];
    };
    const [first] = answer.payloads;
    expect(Buffer.from(first?.metadata['encoding'] ?? '', 'base64').toString()).toBe('json/plain');
    expect(Buffer.from(first?.data ?? '', 'base64').toString()).toBe('{"name":"MITRE"}');
    await expect(decodeBody(codec, 'no json')).rejects.toThrow(UnreadablePayload);
    await expect(decodeBody(codec, '[1]')).resolves.toBe('{}');
  });
});
