import { itHoldsTheBooks } from './seeds.ts';

itHoldsTheBooks({ level: 'heavy', from: 101, until: 200, networksAtOnce: 2 });
