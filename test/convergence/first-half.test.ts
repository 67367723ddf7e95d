import { itHoldsTheBooks } from './seeds.ts';

itHoldsTheBooks('none', 1, 10, 60);
itHoldsTheBooks('some', 11, 100, 30);
