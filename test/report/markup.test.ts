import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html, jsonFor } from '../../report/markup.ts';
import { pageOf } from '../../report/page.ts';

test('text cannot leave the element or the attribute that it is put into', () => {
  expect(html`<p title="${'"\'><b>&'}">${'<b>'}</p>`.text).toBe('<p title="&quot;&#39;&gt;&lt;b&gt;&amp;">&lt;b&gt;</p>');
});

test('what was built is not escaped again, and a list is joined', () => {
  const items = ['a', '<'].map((text) => html`<b>${text}</b>`);
  expect(html`<p>${items}</p>`.text).toBe('<p><b>a</b><b>&lt;</b></p>');
});

test('data in a script element cannot end it, and is the same data', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.string(), fc.constantFrom('</script>', '<!--', '\u2028', '&lt;'), fc.double({ noDefaultInfinity: true, noNaN: true })),
        { maxLength: 8 },
      ),
      (data) => {
        const { text } = jsonFor(data);
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(data)));
      },
    ),
  );
});

test('a style or script that would end its own element is refused', () => {
  expect(() => pageOf({ title: 'x', body: html``, styles: ['a{}</style><script>'] })).toThrow('end its own element');
  expect(() => pageOf({ title: 'x', body: html``, scripts: ['"</script>"'] })).toThrow('end its own element');
});
