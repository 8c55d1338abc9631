/* modules/lang/lang_op.h - the row operator that keeps rows of some languages. The heads of the
** fields are judged one by one and their shares merged, since CLD2 sees but one language in a
** question and an answer of two; a row with a field too short for that is judged as one text. */
#ifndef TAMIS_LANG_OP_H
#define TAMIS_LANG_OP_H

#include "core/error.h"
#include "corpus/rowop.h"
#include "lang/lang.h"

typedef struct LangRule {
  FastText *model;           /* NULL: CLD2; the operator holds it, too */
  double min_probability;
  size_t min_letters;
  const Field *field;        /* [nfields], at most FIELD_COUNT */
  size_t nfields;
  size_t max_bytes;          /* read of each field */
  size_t min_field_bytes;    /* a field of fewer is too short to be judged by itself */
  const Span *keep;          /* [nkeep] codes; none: every language is kept */
  size_t nkeep;
  double min_confidence;
  int keep_undetermined;
  const char *other, *low, *undetermined;   /* reasons */
  const char *annotation, *metric;
  double mixed_share;        /* a row whose second language has so much of it is mixed */
  const char *shares;        /* annotation of a mixed row: "en 0.62, fr 0.38" */
} LangRule;

/* Copies the rule. NULL with err worded, also where the build lacks CLD2 and no model is given, or a label
** of the model is no code of a language. */
RowOp *lang_op(const LangRule *rule, Error *err);

#endif
