import { createPrivateKey } from 'node:crypto';

/** Published test key, 2048 bits, and envelopes made for it by other hands than ours. Never use it for anything else. */
const pkcs8 = [
  'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCubZE/1nHnPHLBrdXUXJb76iwriQCeLyvLi5zBrR0rxTXzTA1Ebf4NlTg634',
  'tZUnU44u3tvyPsZBwPP4pG0BcXEQMf3lNjd+EX842SlizMpeIqdX0TkxbjVFIJIpGplr8sP3QAoTIHRUPAk8r13/4Qt+PHeumfm9gZaWza8q8w',
  'VCcgBF6FDnlmyDR/8dS9YEMkoRavhLir43DBXmi3ofGOuCWl5Es84vVm7o+AKUlJGHEkBjbVilc8uFv+3MFGZVNH0WzrHJ064d0zZMs6TWViK/',
  '//k+zRCY8gOlf7qcPoCoNrTkBZi/3szFX9/3jxwPkR8Q9otxzNMLUJRZo8MqYhAgMBAAECggEAH9ZL3rULkUNNRuCt2NcVj+GMMl4NSNIfUkWn',
  'VQp9+pFCaagF++l/p4cG/mfzDVipoLp65xwuOGWFYZsdaBNvQ3yNb3GrEsq8wRxpSMo0Xx4gC9PqAnqkgNXRK22t3KBxQGhMihjiAsW3uhy/vO',
  'UngHGwF6btoX5WkTzW65fENjO4MR6Z5lmLR7da8Bwym8KPtQQwCKTIB0Y3+fIptw9ovp2jwPjwxofmqPSTwl08/tlmJPAgoEFgy5/Bq525eMfX',
  '2/ArR0pbNr/m3LQxym43u/lf2hPXOsF3dZF4aXFQ57txiCi5LSiGgZP/7WrelWPt3fqEwh5UWN75+oRC9AC56QKBgQDwTUTszp6izokNVNQBDf',
  'Z/+mOZKxoYeoSfh1vHn7UfjEmpvmvRNO3kq5ZU5I9BRYQ4WFsnag+CoFW0IV5ghvHUg4waCnrxJKLYatN9J1fsDNmN+kJSqt5Jk/FwwLCO1F5Y',
  'AKAPRxhv41L6gT/xYwV++HnQfpAhEiPKRsNfUThPZwKBgQC50qUvQ2V88J6hdzzB7FakJHbSog+dJxeyMQTRxrSKJOEOvtYiIGz4vodA1jgoBz',
  'VvvxQbLqhkcpk+Xwat/ro7yTFEKkJXRaWqq/70IhxVt75PiK9wfWKRSSapcn5mfa+m/sVGu4bHu29PNy1yELYvdFOeWZYAlZzto23eHfZRNwKB',
  'gQCmpV9cPjoDO+oNpbtUc+NzgyhZC2wQd77Lhypd+OK52ycmoVjR/7vOrjQV8V9ra5MzJAsq/UF+XESzI8T4efzxXLznPkdePgL0xLif/Y3atF',
  'qXPGuMOtTm/8MbZ3XJx3sZ2m0lyy8mQObFtKasdvhTwmtv7KV1WcgaOhK5YnEDlwKBgQCC+CuCr17le3Zi2XaSO7ApSqYQ+TZGDlqONixuaj2v',
  'LCUPzoOAVBhaDXeoxBOaatJH64YRToZTHc5SfolnsySxpLE7mQlfF3CXZVhx22TbKYFR70Wv5D/HpKZCQbdDJ4zZB7Ilk2CAf+QJEhvOzGaL9d',
  'JFxmCKEukjOM/kAHwuawKBgGeXyubCogAk79uSZKBHra9Tov3Li4KAEGqXHKx2iSVaKpiGvNTogTTnzxRFtTXJ6XKW/1s45sp1pdmY1PN8KDri',
  'eROX9oyt1aGLLR8RqDevQSPNPEh3rUpp4h6Z/KyfgoUqD7/Uz/e+jL9JWrpbGZjaXsh1JgfVMUd5S5gD7X4d',
].join('');

export const vectorPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)!.join('\n')}\n-----END PRIVATE KEY-----\n`;
export const vectorKey = createPrivateKey(vectorPem);

export const helloVersion1 = [
  'ARvOdAtvihyWnu34KydjXVCvUSJ2NKD0EFgX5cE+DwLYB9UcMzXrYX8m14Tz8l68NJv6umdtjRiA8s8k0FDCQzjcorPvqmlmMF8ckumSU+HyaZ',
  'R8XnEn8zDe+eB2p3ED8a1tWnYT73tfGXyFlAo6rX5Li8Om7c4n0HD8tuken1XSpC4U5cgLTIRvAJUMd6FJJ9NGM146erfFEupwxWEIt9wsvkzm',
  'IuE0mP0ds9MiCSD1nC/+68cxo/+K0aMGdvaDiwzh06e8ZMPwZVaqHzzK0jl9eqmsw39bCm+SetqYkUryfXFMwXrZMzuJHYGbDbsiUfFXSLfAd5',
  'p+a+rbUm+ypX6OfRBBKrRp7etvqEuuRzGgfb9wxWQ=',
].join('');

export const secretVersion2 = [
  'AhypI44YDXwYQg8Y4n8OwNvNa3VJZmAQeyFRfbOAObkrLZf9bkjvT/0WfOZtw5VG3D+WeRS5ANc6lfUW/1asom8CgRJOFRXiFAGL+X9lJVGkX9',
  'cxEgr6+HDiWhMQU/9B5Hwv/mClGlw+NLXLotujjNklAM2peOV17jvWmnaMMQ48izxv1TwOTtHJp954ogcwyg9EQG4ZDtG9kCrSjn8MjwY050Xw',
  'tE92RWyR7duBL3WmsjmNaWKpWp22nougUY94xIrXRHZ00CAt+WwvGKpf6eCJ5j9mA/iGKYennoy+7cnwQsc6Or9KIhgQBXhWuvPOPVzDOHQ7fq',
  'diufnWIJfqP7+VKx9fIL8vfMscQIpQ3j06xZBTtaxm4h5i',
].join('');

export const emptyVersion2 = [
  'AmBAdJ6+CtrjcXUNZd12JHMvKRvD42dFs/l4VvaKW0IWnNnebW5j4i/lpXUXDcquUJjHDOEOhqP4CTm3UpOr5CtRLx0b4mu60LYEehVKjp8NZF',
  '0Ee9rQxJCh9Q+DIDG/k8yEtlAhZXBmkDBv/C84wRNozFeZ7X6l1xiyX5hPS1k+h2lnV8IpCebKSWKx5HqNr+gkTnLcAqdciOXE+JAeZ4wP7iPZ',
  'zQYMi72aezwuvJgDEpnYKUhOw+UG7cXMPoiXqXYZnur5GOip1A7ruSNKfClTurcKrixrX+Y19DMSm7eCtzZy9x9o+1Y6NS0SsMcXDwmfaxU4gR',
  'XcGt/eHUM23kpcaZYlr0uToPgiCiphGcXQ',
].join('');
