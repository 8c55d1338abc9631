/* modules/schema/schema.h - does a JSON value fit a JSON Schema? Draft 2020-12, and what draft 4 to 2019-09 wrote
** otherwise, read as it stands: schema and value are trees (tree.h), nothing is compiled but patterns.
**
** Keywords: type enum const; properties patternProperties additionalProperties propertyNames required
** minProperties maxProperties dependentRequired dependentSchemas dependencies; items prefixItems additionalItems
** contains minContains maxContains minItems maxItems uniqueItems; minimum maximum exclusiveMinimum exclusiveMaximum
** multipleOf; minLength maxLength (code points) pattern; allOf anyOf oneOf not if then else; $ref to a place in the
** same schema. Keywords that only describe (title, format, default, …) and names that begin with x- say nothing;
** any other one is unchecked, and named.
**
** Work and depth are bounded: a schema that refers to itself without end is SCHEMA_COSTLY. */
#ifndef TAMIS_SCHEMA_H
#define TAMIS_SCHEMA_H

#include "schema/tree.h"

typedef enum SchemaResult {
  SCHEMA_VALID, SCHEMA_INVALID,
  SCHEMA_BAD,        /* the schema itself: a keyword of the wrong type, a $ref to nowhere, a pattern that is none */
  SCHEMA_COSTLY,     /* more steps, or deeper, than allowed; or a pattern met its limit */
  SCHEMA_NO_MEMORY
} SchemaResult;

typedef struct Schema {
  const Tree *tree;
  uint32_t root;
} Schema;

/* Marks the keywords of the tree's nodes from root on. Once, before it is first used. */
void schema_prepare(Tree *t, uint32_t root);

typedef struct SchemaPatterns SchemaPatterns;   /* compiled patterns, by their text; one a thread */

/* What a validation needs and what it found; zero it before first use, use it again and again. */
typedef struct SchemaRun {
  uint64_t max_steps;        /* set by the caller */
  uint64_t left;             /* of them, at the end */
  SchemaPatterns *patterns;
  Buf pointer;               /* where in the value the first fault is, as a JSON pointer */
  Buf expected;              /* what stands there, or of SCHEMA_BAD where in the schema, and what is wrong */
  Buf found;
  const char *keyword;       /* the one that found it; "" if none */
  Buf unchecked;             /* names of keywords, ", " between, of all runs since the caller emptied it */
  Buf a, b;                  /* room */
} SchemaRun;

SchemaResult schema_validate(SchemaRun *r, Schema schema, const Tree *value, uint32_t root);
void schema_run_free(SchemaRun *r);

#endif
