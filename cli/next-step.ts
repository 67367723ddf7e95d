/**
 * What the owner can do about an error, by its code; null where its own sentence says all. `known` is the account as one
 * types it; without one the error came before there was any.
 */
export function nextStep(code: string, known?: string): string | null {
  const account = known ?? '<account>';
  switch (code) {
    case 'credentials':
      return known ? `Give it another key: tributary accounts set-keys ${known}` : null;
    case 'quota':
      return 'It goes on by itself when the network allows it; there is nothing to do.';
    case 'network':
      return 'It is tried again by itself. If it lasts, look at the status page of the network.';
    case 'drift':
      return `See whether a newer Tributary reads it; else keep the answer for a report: tributary connector record --account ${account} --pass <pass> --out <folder>`;
    case 'request':
      return `Keep the answer for a report: tributary connector record --account ${account} --pass <pass> --out <folder>`;
    case 'busy':
      return 'Run the command again in a moment, or with --wait.';
    case 'fault':
      return 'Run it again with LOG_LEVEL=debug to see where it happened.';
    default:
      return null;
  }
}
