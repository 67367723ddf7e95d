import { itHoldsTheBooks } from './seeds.ts';

itHoldsTheBooks({ level: 'none', from: 1, until: 10, networksAtOnce: 5 });
itHoldsTheBooks({ level: 'some', from: 11, until: 100, networksAtOnce: 2 });
