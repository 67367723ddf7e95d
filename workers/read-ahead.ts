/**
 * Asks for the next item while the current one is being worked on, and never for more: the network answers while Postgres
 * saves. An error surfaces when its item is due.
 */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  let upcoming = items.next();
  try {
    while (true) {
      const { done, value } = await upcoming;
      if (done) return;
      upcoming = items.next();
      upcoming.catch(() => {}); // looked at when it is due
      yield value;
    }
  } finally {
    await items.return?.().catch(() => {});
  }
}
