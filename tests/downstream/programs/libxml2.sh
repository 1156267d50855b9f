#!/bin/sh
# SPDX-License-Identifier: MIT
# libxml2's program in most of its ways, each on a small document: programs/libxml2.sh BUILT SOURCE
# Its own runtest works through thousands of files in one process.
built=$1
printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)>' \
  '<!ATTLIST a x CDATA #IMPLIED y ID #IMPLIED><!ENTITY e "text">]>' \
  '<r xmlns:p="urn:p"><a x="1" y="i">one &e;</a><a>two</a><p:b/></r>' >doc.xml
printf '%s\n' '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r"><xs:complexType>' \
  '<xs:sequence>' \
  '<xs:element name="a" type="xs:int" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element></xs:schema>' >s.xsd
printf '%s\n' '<element name="r" xmlns="http://relaxng.org/ns/structure/1.0"><oneOrMore>' \
  '<element name="a"><text/></element></oneOrMore></element>' >s.rng
printf '<r><a>1</a><a>2</a></r>\n' >plain.xml
sed 's/<p:b.>//; s/ xmlns:p="urn:p"//' doc.xml >valid.xml
printf '<html><body><p>one<br>two</body></html>\n' >doc.html
printf '%s\n' '<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="plain.xml"/></r>' >xi.xml
"$built/testdict"
"$built/xmllint" --valid --noent valid.xml
"$built/xmllint" --xpath 'concat(count(//a[@x>0]),string(//a[2]),substring-before("ab","b"))' doc.xml
"$built/xmllint" --noout --schema s.xsd plain.xml
"$built/xmllint" --noout --relaxng s.rng plain.xml
"$built/xmllint" --c14n doc.xml
"$built/xmllint" --html doc.html
"$built/xmllint" --xinclude xi.xml
"$built/xmllint" --stream --noout doc.xml
"$built/xmllint" --stream --noout --pattern '/r/a' doc.xml
"$built/xmllint" --sax doc.xml
"$built/xmllint" --push doc.xml
"$built/xmllint" --format --encode UTF-16 doc.xml
