// The types of the Metadata API, from the declarations that Salesforce generates out of its WSDL.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';

/** name → {values: Set} of an enumeration or {members: Map(name → {type, isList, isRequired})} of a structure. */
export function loadMetadataTypes() {
    const path = createRequire(import.meta.url)
        .resolve('@salesforce/types/metadata')
        .replace(/\.js$/, '.d.ts');
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    const declared = new Map();
    file.forEachChild((node) => {
        if (ts.isTypeAliasDeclaration(node)) declared.set(node.name.text, node.type);
    });

    const literalOf = (node) =>
        ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? node.literal.text : undefined;

    function membersOf(node) {
        if (ts.isTypeLiteralNode(node)) return node.members;
        if (ts.isIntersectionTypeNode(node)) return node.types.flatMap(membersOf);
        const base = ts.isTypeReferenceNode(node) && declared.get(node.typeName.getText());
        return base ? membersOf(base) : [];
    }

    function typeOf(node) {
        const literals = (ts.isUnionTypeNode(node) ? node.types : [node]).map(literalOf);
        if (literals.every((literal) => literal !== undefined)) return { values: new Set(literals) };
        const members = membersOf(node).map((member) => {
            const isList = ts.isArrayTypeNode(member.type);
            const type = (isList ? member.type.elementType : member.type).getText();
            return [member.name.text, { type, isList, isRequired: !member.questionToken && !isList }];
        });
        return { members: new Map(members) };
    }

    return new Map([...declared].map(([name, node]) => [name, typeOf(node)]));
}
