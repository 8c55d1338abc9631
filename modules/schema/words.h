/* modules/schema/words.h - the keywords of JSON Schema that schema.c reads. */
#ifndef TAMIS_SCHEMA_WORDS_H
#define TAMIS_SCHEMA_WORDS_H

#include "core/span.h"

#define SCHEMA_WORDS(X) \
  X(REF, "$ref") X(TYPE, "type") X(ENUM, "enum") X(CONST, "const") \
  X(MINIMUM, "minimum") X(MAXIMUM, "maximum") X(EXCLUSIVE_MINIMUM, "exclusiveMinimum") \
  X(EXCLUSIVE_MAXIMUM, "exclusiveMaximum") X(MULTIPLE_OF, "multipleOf") \
  X(MIN_LENGTH, "minLength") X(MAX_LENGTH, "maxLength") X(PATTERN, "pattern") \
  X(MIN_ITEMS, "minItems") X(MAX_ITEMS, "maxItems") X(UNIQUE_ITEMS, "uniqueItems") \
  X(ITEMS, "items") X(PREFIX_ITEMS, "prefixItems") X(ADDITIONAL_ITEMS, "additionalItems") \
  X(CONTAINS, "contains") X(MIN_CONTAINS, "minContains") X(MAX_CONTAINS, "maxContains") \
  X(MIN_PROPERTIES, "minProperties") X(MAX_PROPERTIES, "maxProperties") X(REQUIRED, "required") \
  X(PROPERTIES, "properties") X(PATTERN_PROPERTIES, "patternProperties") \
  X(ADDITIONAL_PROPERTIES, "additionalProperties") X(PROPERTY_NAMES, "propertyNames") \
  X(DEPENDENT_REQUIRED, "dependentRequired") X(DEPENDENT_SCHEMAS, "dependentSchemas") X(DEPENDENCIES, "dependencies") \
  X(ALL_OF, "allOf") X(ANY_OF, "anyOf") X(ONE_OF, "oneOf") X(NOT, "not") \
  X(IF, "if") X(THEN, "then") X(ELSE, "else")

#define SCHEMA_ENUM_LINE(id, name) SCHEMA_##id,
typedef enum SchemaWord {
  SCHEMA_NO_WORD,
  SCHEMA_WORDS(SCHEMA_ENUM_LINE)
  SCHEMA_SILENT,      /* says nothing of what is valid: title, $defs, format, … */
  SCHEMA_UNKNOWN
} SchemaWord;

SchemaWord schema_word(Span name);
const char *schema_word_name(int word);   /* "" for those without a name */

#endif
