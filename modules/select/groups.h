/* modules/select/groups.h - the standing rows of a view, in groups by what they have under one key or several.
**
** A key is a name as row_key takes it: an annotation, a path of the row or an attribute of its source. `source` is,
** where a row has nothing of that name, the file that it was read from: the last part of its path where that is
** no other file's. Of a date a key takes the day, month, quarter or year: "created_at:month" gives 2024-06. */
#ifndef TAMIS_GROUPS_H
#define TAMIS_GROUPS_H

#include "corpus/view.h"

enum { GROUPS_MAX_KEYS = 4 };

typedef enum KeyUnit { KEY_VALUE, KEY_DAY, KEY_MONTH, KEY_QUARTER, KEY_YEAR } KeyUnit;
typedef struct GroupKey { Span name; KeyUnit unit; } GroupKey;

/* "created_at:month" is the month of created_at; any other ending belongs to the name. */
GroupKey group_key(Span text);

typedef struct Group {
  uint32_t value[GROUPS_MAX_KEYS];   /* [nkeys] names ids; NAME_NONE for rows without a value, those of the text
                                     ** "unknown", and of a date that is none (rules/dates.h) */
  uint32_t count;                    /* standing rows */
} Group;

typedef struct Groups {
  View *view;        /* a reference; NULL when empty */
  size_t nkeys, nrows;
  uint32_t *row;     /* [nrows] standing rows, ascending */
  uint32_t *group;   /* [nrows] their group */
  size_t n;
  Group *item;       /* [n] by value, key after key: numbers, then booleans, then texts by bytes; NAME_NONE last */
} Groups;

/* keys [nkeys], 1 to GROUPS_MAX_KEYS. 0; -1 with err worded (err->text "" when interrupted) and *g empty. Takes a
** reference of view. */
int groups_make(Groups *g, View *view, Pool *pool, const GroupKey *keys, size_t nkeys, Error *err);
void groups_free(Groups *g);   /* frees and empties */

/* How many rows of each group stand in a later view of the same rows, into count [n]. */
void groups_count(const Groups *g, const View *later, uint32_t *count);

/* One number a group, value [n], as a column of a later view of the same rows: out [nrows of the corpus] gets the
** number of its group for each row that stands in `later`, NaN for all others. */
void groups_spread(const Groups *g, const View *later, const double *value, double *out);

#endif
