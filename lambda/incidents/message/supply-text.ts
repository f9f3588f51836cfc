import type { Supply } from '../../../contract/registry.ts';

/** What sentences say of a managed key's next keys, by where its strategy has them from. */
interface SupplyWords {
  /** What a rotation takes. */
  readonly nextKey: string;
  /** What `status` shows of them, after "it shows". */
  readonly shown: string;
  /** When consumers that lost their last key get one. */
  readonly replacement: string;
  /** How a rotation cannot have a key. */
  readonly without: string;
}

export const supplyWords: Readonly<Record<Supply, SupplyWords>> = {
  'standby keys': {
    nextKey: 'a standby key',
    shown: 'how many standby keys are left',
    replacement: 'As soon as a standby key is added, a rotation to it begins by itself.',
    without: 'Without a standby key that command refuses. Then add one, or disable',
  },
  itself: {
    nextKey: 'a new key',
    shown: 'whether a rotation can make a new key',
    replacement: 'As soon as a rotation can make a new key again, it begins by itself.',
    without: 'Where no new key can be made that command refuses. Then disable',
  },
};
