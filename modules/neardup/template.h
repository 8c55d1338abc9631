/* modules/neardup/template.h - a beginning or an end that nearly all rows share in a field.
**
** Different questions behind one long instruction are not copies of each other, though most of
** their shingles are the same. So what nearly all rows share at the beginning or the end of a
** field is found first and left out of the comparison:
**   - the longest folded text that begins (ends) at least `share` of the rows, cut at a blank,
**     and at least `least` bytes long;
**   - only where the rest is a text of its own: half of the rests have `rest` bytes or more, and
**     of rests that follow each other fewer than half are near copies. A set of near copies of one
**     text shares its beginning too, and stays a set of near copies.
** Looks at a thousand rows at equal distances: cheap, and the same for any number of threads. */
#ifndef TAMIS_TEMPLATE_H
#define TAMIS_TEMPLATE_H

#include "corpus/view.h"
#include "neardup/grams.h"
#include "neardup/turns.h"

typedef struct TemplateParams {
  double share;         /* 0: no template is looked for */
  size_t least, rest;   /* bytes */
  double threshold;     /* rests at this Jaccard or above are near copies */
  unsigned shingle;
  GramUnit unit;
  Turns turns;          /* of a chat, that are its input */
} TemplateParams;

typedef struct TemplateField {
  char *begin, *end;    /* folded text, owned; NULL: none */
  size_t begin_len, end_len;
} TemplateField;

typedef struct Template { TemplateField field[FIELD_COUNT]; } Template;

/* For the fields in the set, of rows[0..n) of view. 0, or -1 if out of memory, *t empty. */
int template_find(Template *t, const View *view, const uint32_t *rows, size_t n, unsigned fields,
                  int flags, const TemplateParams *p);
int template_any(const Template *t);
/* The part of a folded text that is compared. */
Span template_cut(const TemplateField *t, Span folded);
void template_free(Template *t);   /* an empty one is left alone */

#endif
