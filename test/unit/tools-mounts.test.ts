import { expect, test } from 'vitest';
import { mountsBelow } from '../../tools/mounts.ts';

const table = [
  'overlay / overlay rw 0 0',
  '/dev/vda /home/a/engine/data ext4 rw 0 0',
  'overlay /home/a/engine/data/overlay2/x/merged overlay rw 0 0',
  '/dev/vda /home/a/engine/data2 ext4 rw 0 0',
  'nsfs /home/with\\040blank/netns/default nsfs rw 0 0',
  '',
].join('\n');

test('mounts at and below a folder, the deepest first', () =>
  expect(mountsBelow('/home/a/engine/data', table)).toEqual([
    '/home/a/engine/data/overlay2/x/merged',
    '/home/a/engine/data',
  ]));
test('a blank in the path', () =>
  expect(mountsBelow('/home/with blank', table)).toEqual(['/home/with blank/netns/default']));
test('nothing of others', () => expect(mountsBelow('/home/b', table)).toEqual([]));
