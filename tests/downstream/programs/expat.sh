#!/bin/sh
# SPDX-License-Identifier: MIT
# expat's own tests, and its program on a document with all that a document may have: programs/expat.sh BUILT SOURCE
built=$1
printf '%s\n' '<?xml version="1.0" encoding="utf-8"?>' '<!DOCTYPE r SYSTEM "r.dtd" [<!ENTITY e "<a>one &#38;i;</a>">' \
  '<!ENTITY i "in"><!ENTITY % p SYSTEM "p.ent">%p;<!NOTATION n SYSTEM "n"><!ATTLIST r b CDATA "c" d NMTOKENS #IMPLIED>' \
  ']>' '<r xmlns="urn:r" xmlns:p="urn:p" p:b="1">&e;<?pi data?><!-- no --><p:c><![CDATA[x]]></p:c></r>' >doc.xml
printf '<!ELEMENT r (a|c)*>\n' >r.dtd
printf '<!ENTITY f "g">\n' >p.ent
mkdir -p out
for options in -w -n '-p -x' '-d out -m' '-d out -c' '-d out -n -N' -r -t; do
  # shellcheck disable=SC2086 # a list of words
  "$built/xmlwf/xmlwf" $options doc.xml
done
ctest --test-dir "$built"
