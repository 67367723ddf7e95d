/** As much of GraphQL as a publisher's query needs: one operation, arguments, variables, nested selections. */
interface GraphqlField {
  readonly name: string;
  /** What the answer calls it. */
  readonly alias: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly fields: readonly GraphqlField[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\$?[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[{}()[\]:!=]/g;

/** Reads the root fields of a query. Throws a SyntaxError that says what it stumbled over. */
export function parseQuery(query: string, variables: Readonly<Record<string, unknown>>): readonly GraphqlField[] {
  const reader = new QueryReader(query.match(TOKEN) ?? [], variables);
  return reader.document();
}

/** Picks from an object what was selected. A field that the object does not know is an error, as in any GraphQL. */
export function select(value: unknown, fields: readonly GraphqlField[], type: string): unknown {
  if (value === null || value === undefined || fields.length === 0) return value ?? null;
  if (Array.isArray(value)) return value.map((item) => select(item, fields, type));
  const object = value as Record<string, unknown>;
  return Object.fromEntries(
    fields.map(({ name, alias, fields: inner }) => {
      if (!(name in object)) throw new SyntaxError(`Cannot query field '${name}' on type '${type}'`);
      return [alias, select(object[name], inner, name)];
    }),
  );
}

class QueryReader {
  #position = 0;
  readonly #tokens: readonly string[];
  readonly #variables: Readonly<Record<string, unknown>>;

  constructor(tokens: readonly string[], variables: Readonly<Record<string, unknown>>) {
    this.#tokens = tokens;
    this.#variables = variables;
  }

  document(): readonly GraphqlField[] {
    // `query Name($a: String!)` before the selection declares variables; their values come beside the query.
    while (this.#peek() !== undefined && this.#peek() !== '{') this.#take();
    return this.#selection();
  }

  #selection(): GraphqlField[] {
    this.#expect('{');
    const fields: GraphqlField[] = [];
    while (this.#peek() !== '}') fields.push(this.#field());
    this.#expect('}');
    return fields;
  }

  #field(): GraphqlField {
    const alias = this.#name();
    const name = this.#accept(':') ? this.#name() : alias;
    const args: Record<string, unknown> = {};
    if (this.#accept('(')) {
      while (!this.#accept(')')) {
        const argument = this.#name();
        this.#expect(':');
        args[argument] = this.#value();
      }
    }
    return { name, alias, args, fields: this.#peek() === '{' ? this.#selection() : [] };
  }

  #value(): unknown {
    const token = this.#take();
    if (token === '[') {
      const items: unknown[] = [];
      while (!this.#accept(']')) items.push(this.#value());
      return items;
    }
    if (token.startsWith('$')) return this.#variables[token.slice(1)] ?? null;
    if (token.startsWith('"')) return JSON.parse(token);
    if (token === 'null') return null;
    return token === 'true' || token === 'false' ? token === 'true' : token;
  }

  #name(): string {
    const token = this.#take();
    if (!/^[A-Za-z_]/.test(token)) throw new SyntaxError(`Syntax error: unexpected '${token}'`);
    return token;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#position];
  }

  #take(): string {
    const token = this.#peek();
    if (token === undefined) throw new SyntaxError('Syntax error: unexpected end of the query');
    this.#position += 1;
    return token;
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#position += 1;
    return true;
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) throw new SyntaxError(`Syntax error: expected '${token}' but found '${found}'`);
  }
}
