#!/usr/bin/env node
// Sources are TypeScript; tsx reads them as they are, so that there is no build step between a change and a run.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
