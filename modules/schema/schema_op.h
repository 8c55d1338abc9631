/* modules/schema/schema_op.h - the operator of the stage schema: values of a row by their paths, JSON where it was
** asked for, JSON by the schema that the row or the recipe has, and tool calls by the schemas of their tools.
** Reasons: missing_value, wrong_value, not_json, schema_mismatch, unknown_tool, tool_arguments, bad_schema. */
#ifndef TAMIS_SCHEMA_OP_H
#define TAMIS_SCHEMA_OP_H

#include "core/error.h"
#include "corpus/rowop.h"
#include "text/topics.h"

typedef struct SchemaRule {
  Span path;        /* messages[].role */
  Span schema;      /* JSON */
  int optional;     /* it may be missing */
} SchemaRule;

/* What the phrases of `asks` say, as rules of topics.h: the lowest that stands in one of the fields decides. */
enum { ASK_NEVER, ASK_YES, ASK_UNLESS, ASK_MAYBE };

typedef struct SchemaSpec {
  const SchemaRule *rule;    /* [nrules] */
  size_t nrules;
  Field field;               /* the answer */
  Topics *asks;              /* taken over, also on failure; NULL: nobody asks */
  Field ask_field[2];        /* FIELD_NONE: none */
  int always;                /* every answer is to be JSON */
  int prose;                 /* JSON may stand in prose */
  Span schema_path, schema;  /* of the row, or JSON of the recipe; ptr NULL: none */
  Span value_path;           /* what the schema is for; ptr NULL: the answer */
  Span tools, calls;         /* paths; ptr NULL: tool calls are not read */
  uint64_t max_steps;        /* of one validation; of all tool calls of a row */
} SchemaSpec;

/* All is copied. NULL with err worded: out of memory, a path that is none, JSON that does not parse. */
RowOp *schema_op(const SchemaSpec *spec, Error *err);

#endif
