/* modules/rules/phrases.h - sentences that give an answer away: refusals, deflections, a vendor's name. Phrases are
** found as text/topics.h finds them: folded, standing alone, all in one walk. A phrase counts where it begins
** in the first `within` words of the text; 0: anywhere. */
#ifndef TAMIS_PHRASES_H
#define TAMIS_PHRASES_H

#include "corpus/rowop.h"
#include "text/topics.h"

/* Rejects a row with reason[rule] of the first rule that stands in the field; evidence is the phrase's words with
** value 1 and threshold 0. Takes over topics, also when it fails; phrases and names are copied. */
RowOp *phrases_op(Topics *topics, Field field, const TopicPhrase *phrases, size_t n, const Span *reason, size_t nrules,
                  size_t within, const char *metric, Error *err);

#endif
