/* modules/corpus/names.h - interned values: a string, number or boolean becomes a small id.
** Reasons, metric names and annotation values are stored as ids. Ids depend on order of
** arrival, so nothing may be ordered or hashed by id: compare the values. Any thread may call. */
#ifndef TAMIS_NAMES_H
#define TAMIS_NAMES_H

#include "core/span.h"

typedef struct Names Names;

typedef enum ValueType { VALUE_NONE, VALUE_STRING, VALUE_INT, VALUE_DOUBLE, VALUE_BOOL } ValueType;

typedef struct Value {
  ValueType type;
  Span text;        /* VALUE_STRING; lives as long as the Names */
  int64_t integer;  /* VALUE_INT, VALUE_BOOL (0 or 1) */
  double number;    /* VALUE_DOUBLE */
} Value;

enum { NAME_NONE = 0, NAME_FAIL = 0xFFFFFFFFu };

Names *names_new(void);                          /* NULL if out of memory */
uint32_t names_intern(Names *n, Span text);      /* id >= 1; NAME_FAIL if out of memory */
uint32_t names_intern_value(Names *n, Value v);  /* NAME_NONE for VALUE_NONE */
uint32_t names_find(Names *n, Span text);        /* NAME_NONE if never interned */
Value names_value(Names *n, uint32_t id);        /* VALUE_NONE for NAME_NONE */
const char *names_text(Names *n, uint32_t id);   /* NUL-terminated text of a string; "" otherwise */
void names_free(Names *n);

#endif
