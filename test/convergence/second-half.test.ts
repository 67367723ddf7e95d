import { itHoldsTheBooks } from './seeds.ts';

itHoldsTheBooks('heavy', 101, 200, 30);
