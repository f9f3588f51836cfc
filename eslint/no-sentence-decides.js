import ts from 'typescript';

/**
 * ESLint rule: no sentence decides anything. A property, variable or function whose documentation has the tag `@sentence` holds or makes
 * words for people; code that compares them, searches them or takes them apart breaks when somebody improves the words. Decide by the code
 * of the cause instead. Typed: it asks the compiler what an expression is, however it is named or destructured; a variable is what it was
 * declared with. It does not follow parameters, nor what a function gives back.
 */

const comparisons = new Set(['===', '!==', '==', '!=', '<', '>', '<=', '>=']);
const searches = new Set([
  'includes',
  'startsWith',
  'endsWith',
  'indexOf',
  'lastIndexOf',
  'search',
  'match',
  'matchAll',
  'split',
  'localeCompare',
]);

/** The compiler's own tags lack those of a property that stands in the same line as the one before. */
function hasTag(declaration) {
  const { text } = declaration.getSourceFile();
  const documented = declaration.parent?.parent?.kind === ts.SyntaxKind.VariableStatement ? declaration.parent.parent : declaration;
  return text.slice(documented.pos, documented.getStart()).includes('@sentence');
}

export const noSentenceDecides = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { decides: 'A sentence for people decides here ({{name}}): decide by the code of the cause.' },
  },
  create(context) {
    const { program, esTreeNodeToTSNodeMap, tsNodeToESTreeNodeMap } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();

    const isTagged = (symbol) => symbol?.declarations?.some(hasTag) === true;

    /** The symbol that the documentation belongs to: of a destructured variable, the property that it was taken from. */
    const sources = (symbol) => {
      if (symbol === undefined) return [];
      const found = [symbol];
      for (const declaration of symbol.declarations ?? []) {
        const { parent } = declaration;
        if (parent?.elements === undefined || parent.kind === undefined) continue;
        const name = (declaration.propertyName ?? declaration.name)?.text;
        const property = name === undefined ? undefined : propertyOf(checker.getTypeAtLocation(parent), name);
        if (property !== undefined) found.push(...property);
      }
      return found;
    };

    /** Of a union, the property of each member that has it. */
    const propertyOf = (type, name) =>
      (type.isUnion() ? type.types : [type]).flatMap((each) => {
        const property = checker.getPropertyOfType(checker.getNonNullableType(each), name);
        return property === undefined ? [] : [property];
      });

    /** What a variable of this file was declared with. */
    const initialiser = (symbol) => {
      const declaration = symbol?.valueDeclaration;
      if (declaration === undefined || !ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return undefined;
      return tsNodeToESTreeNodeMap.get(declaration.initializer);
    };

    /** A list of sentences: `causes.map(causeText)`. */
    const isList = ({ type, callee, arguments: [make] = [] }) => {
      if (type !== 'CallExpression' || callee.property?.name !== 'map' || make === undefined) return false;
      return isSentence(make.type === 'ArrowFunctionExpression' ? make.body : make);
    };

    const isSentence = (node) => {
      switch (node.type) {
        case 'ChainExpression':
        case 'TSNonNullExpression':
        case 'TSAsExpression':
          return isSentence(node.expression);
        case 'AwaitExpression':
          return isSentence(node.argument);
        case 'LogicalExpression':
          return isSentence(node.left) || isSentence(node.right);
        case 'ConditionalExpression':
          return isSentence(node.consequent) || isSentence(node.alternate);
        case 'BinaryExpression':
          return node.operator === '+' && (isSentence(node.left) || isSentence(node.right));
        case 'TemplateLiteral':
          return node.expressions.some(isSentence);
        case 'CallExpression':
          return isSentence(node.callee) || (node.callee.type === 'MemberExpression' && isString(node) && isSentence(node.callee.object));
        case 'MemberExpression': {
          if (node.computed) return isString(node.object) && isSentence(node.object);
          if (node.property.type !== 'Identifier') return false;
          const type = checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node.object));
          return propertyOf(type, node.property.name).some(isTagged);
        }
        case 'Identifier': {
          const symbol = checker.getSymbolAtLocation(esTreeNodeToTSNodeMap.get(node));
          const original = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
          if (sources(original).some(isTagged)) return true;
          const declared = initialiser(original);
          return declared !== undefined && isString(node) && isSentence(declared);
        }
        default:
          return false;
      }
    };

    const isString = (node) => (checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node)).flags & ts.TypeFlags.StringLike) !== 0;
    /** Whether there is one at all may decide. */
    const isAbsence = (node) =>
      (node.type === 'Identifier' && node.name === 'undefined') || (node.type === 'Literal' && node.value === null);
    const report = (node) => context.report({ node, messageId: 'decides', data: { name: context.sourceCode.getText(node) } });

    return {
      BinaryExpression(node) {
        if (!comparisons.has(node.operator) || isAbsence(node.left) || isAbsence(node.right)) return;
        for (const side of [node.left, node.right]) if (isSentence(side)) return report(side);
      },
      MemberExpression({ computed, property }) {
        if (computed && isSentence(property)) report(property);
      },
      SwitchStatement(node) {
        if (isSentence(node.discriminant)) report(node.discriminant);
      },
      CallExpression({ callee, arguments: given }) {
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
        const { name } = callee.property;
        if (searches.has(name) && (isSentence(callee.object) || isList(callee.object))) report(callee.object);
        if (name === 'is' && callee.object.name === 'Object') for (const each of given) if (isSentence(each)) report(each);
        // A list of words that are looked for, or a regular expression.
        const isAsked = name === 'includes' || name === 'has' || name === 'get' || name === 'test' || name === 'exec';
        if (isAsked && given[0] !== undefined && given[0].type !== 'SpreadElement' && isSentence(given[0])) report(given[0]);
      },
    };
  },
};
