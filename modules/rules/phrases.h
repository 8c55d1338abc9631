/* modules/rules/phrases.h - sentences that give an answer away: refusals, deflections, a vendor's name. Phrases are
** found as text/topics.h finds them: folded, standing alone, all in one walk. A phrase counts where it stands in the
** first `within` words of the text; 0: anywhere. */
#ifndef TAMIS_PHRASES_H
#define TAMIS_PHRASES_H

#include "corpus/rowop.h"
#include "text/topics.h"

typedef struct PhrasesSpec {
  Field field;
  const TopicPhrase *phrase;   /* [n] */
  size_t n;
  const Span *reason;          /* [nrules] */
  size_t nrules;
  size_t within;
  size_t most;                 /* so many different phrases are good */
  const char *metric;          /* how many of them stand there */
} PhrasesSpec;

/* Rejects a row in whose field more phrases stand, with reason[rule] of the first rule that has one; evidence is
** the words of a phrase of it, how many there are, and the most. Takes over topics, also when it fails; phrases and
** names are copied. */
RowOp *phrases_op(Topics *topics, const PhrasesSpec *spec, Error *err);

/* What an operator of phrases_op finds in one text. room: fold_room(text.len) bytes (text/fold.h). */
typedef struct PhrasesFound {
  int64_t rule;         /* the first that has a phrase there; -1: none has */
  size_t n;             /* different phrases */
  size_t start, end;    /* bytes of the words that show it */
} PhrasesFound;
PhrasesFound phrases_find(const RowOp *op, Span text, char *room);

#endif
