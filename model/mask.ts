/** What a masked value is shown as. */
export const masked = '***REDACTED***';

const sensitive =
  /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|PRIVATE_?KEY|CREDENTIAL|(_KEY|_PWD|_PASS)$|^HTTPS?_PROXY$/i;

/**
 * True for a variable whose value nobody may see, whatever the platform says of it: OpenAEV sends its token unflagged,
 * and a proxy's address may carry credentials.
 */
export const isSensitive = (key: string): boolean => sensitive.test(key);
