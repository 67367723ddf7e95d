import { itHoldsTheBooks } from './seeds.ts';

itHoldsTheBooks('heavy', 101, 110, 45);
