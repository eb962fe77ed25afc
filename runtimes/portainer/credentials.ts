/**
 * The X-Registry-Auth header. Portainer decodes standard Base64 and the engine behind it URL-safe Base64, and neither
 * takes the other's two extra characters. Those come only of bytes above 0x7e and of `>`, `?`, `~`, so these are written
 * as JSON escapes: the text is then the same in both alphabets.
 */
export function registryHeader(content: object): string {
  const ascii = JSON.stringify(content).replaceAll(
    /[>?~\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(ascii).toString('base64');
}
