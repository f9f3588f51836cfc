import ts from 'typescript';

/** Types of `module` that a public signature of it names, and that nobody can import from it: as `where: name`. */
export function unnamedTypes(program: ts.Program, importer: string, module: string): readonly string[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(importer);
  const specifier = file?.statements.filter(ts.isImportDeclaration).find(({ moduleSpecifier }) => textOf(moduleSpecifier) === module);
  const exported = specifier === undefined ? undefined : checker.getSymbolAtLocation(specifier.moduleSpecifier);
  if (exported === undefined) throw new Error(`${importer} does not import ${module}`);
  const named = new Set(checker.getExportsOfModule(exported).map((symbol) => resolved(symbol, checker)));

  const unnamed = new Set<string>();
  for (const symbol of named) for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
  return [...unnamed].sort();

  function visit(node: ts.Node, where: string): void {
    // What is private has no type in a declaration, and `typeof value` needs no name: it is looked through.
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const symbol = checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
      const type = symbol === undefined ? undefined : resolved(symbol, checker);
      if (type !== undefined && !named.has(type) && type.declarations?.some((declaration) => isOf(module, declaration)) === true)
        unnamed.add(`${where}: ${type.name}`);
    }
    ts.forEachChild(node, (child) => visit(child, where));
  }
}

function isOf(module: string, declaration: ts.Declaration): boolean {
  return !ts.isTypeParameterDeclaration(declaration) && declaration.getSourceFile().fileName.includes(`/node_modules/${module}/`);
}

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function textOf(node: ts.Expression): string {
  return ts.isStringLiteral(node) ? node.text : '';
}
