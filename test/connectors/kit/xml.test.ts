import { expect, it } from 'vitest';
import { readXml } from '../../../connectors/kit/xml.ts';

it('keeps every value as its text', () => {
  const text = '<?xml version="1.0"?><l total="007"><row id="1e3"><paid>00012.30</paid><ok>true</ok><none/></row></l>';
  expect(readXml(text, ['row'])).toEqual({
    l: { '@total': '007', row: [{ '@id': '1e3', paid: '00012.30', ok: 'true', none: '' }] },
  });
});

it('makes arrays of lists only, and not of attributes that bear their name', () => {
  const one = '<l><row row="a"><id>1</id></row></l>';
  expect(readXml(one, ['row'])).toEqual({ l: { row: [{ '@row': 'a', id: '1' }] } });
  expect(readXml(one)).toEqual({ l: { row: { '@row': 'a', id: '1' } } });
});

it.each([
  { name: 'the five, once', text: '&lt;&gt;&quot;&apos;&amp;lt;', value: `<>"'&lt;` },
  { name: 'numbers', text: 'Caf&#233; &#x20AC;', value: 'Café €' },
  { name: 'what it does not know', text: '&nbsp;&#0;', value: '&nbsp;&#0;' },
  { name: 'CDATA to the letter', text: '<![CDATA[a &amp; <b>]]>', value: 'a &amp; <b>' },
])('decodes $name', ({ text, value }) => {
  expect(readXml(`<a>${text}</a>`)).toEqual({ a: value });
});

it('decodes attributes', () => {
  expect(readXml('<a b="x &amp; y"/>')).toEqual({ a: { '@b': 'x & y' } });
});

it('expands nothing that a document declares', () => {
  const bomb = '<!DOCTYPE a [<!ENTITY x "boom"><!ENTITY y "&x;&x;">]><a>&y;</a>';
  expect(readXml(bomb)).toEqual({ a: '&y;' });
});

it.each(['<a><b></a>', '<a>', 'text', '<a b=c/>'])('refuses %s', (text) => {
  expect(() => readXml(text)).toThrow(SyntaxError);
});
