import type { KeyObject } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Check } from '../../model/check.ts';
import type { ConnectorRecord } from '../../model/connector.ts';
import { open } from '../../platforms/decrypt.ts';
import { publicKeyText } from '../../platforms/keys.ts';
import { advice, bad, good } from './check.ts';

/** Below this XTM Composer, which knows one size only, could not take over again. */
const advised = 4_096;

/** The manager's private key, and that both platforms' forms of the public one can be made of it. */
export function keyCheck(keys: readonly KeyObject[]): Check {
  const name = 'key';
  const [key, ...previous] = keys;
  if (key === undefined)
    return bad(
      name,
      'no private key is configured',
      'make one (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out private_key.pem) and set manager.credentials_key_filepath',
    );
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const forms = (['pkcs1', 'spki'] as const).every((form) => publicKeyText(key, form).startsWith('-----BEGIN'));
  if (!forms)
    return bad(name, 'its public half cannot be written down', 'make another one with openssl genpkey -algorithm RSA');
  const detail = `RSA, ${bits} bits${previous.length === 0 ? '' : `, and ${previous.length} previous`}; the public half can be given to OpenCTI and OpenAEV`;
  return bits < advised
    ? advice(name, detail, `${advised} bits are recommended, and needed for a return to XTM Composer`)
    : good(name, detail);
}

/** Values looked at; RSA takes its time, and a running worker has other things to do. */
const most = 300;
const named = 5;

/** Whether the key opens what the platform sends; names the entries that it does not, never a value. */
export async function valuesCheck(
  platform: string,
  records: readonly ConnectorRecord[],
  keys: readonly KeyObject[],
): Promise<Check> {
  const name = `${platform} encrypted values`;
  const all = records.flatMap((r) =>
    r.configuration.filter((e) => e.encrypted).map((entry) => ({ connector: r.name, entry })),
  );
  const shut: string[] = [];
  let old = 0;
  for (const { connector, entry } of all.slice(0, most)) {
    const opened = open(entry.value, keys);
    if ('reason' in opened) shut.push(`${entry.key} of "${connector}" (${opened.reason})`);
    else if (opened.keyIndex > 0) old++;
    await breathe();
  }
  const looked = Math.min(all.length, most);
  const of = looked < all.length ? `the first ${looked} of ${all.length}` : `${looked}`;
  if (shut.length > 0)
    return bad(
      name,
      `${shut.length} of ${of} cannot be decrypted: ${shut.slice(0, named).join(', ')}${shut.length > named ? `, and ${shut.length - named} more` : ''}`,
      'enter these values again on the platform, or give the private key they were encrypted for (manager.credentials_key_previous_filepaths)',
    );
  if (old > 0)
    return advice(
      name,
      `${of} can be decrypted, ${old} of them only with a previous key`,
      'enter those values again before the previous key goes',
    );
  return good(name, looked === 0 ? 'there are none yet' : `${of} can be decrypted`);
}
