/* modules/lang/fasttext_shim.h - the fastText library, which is C++, behind four C functions. They
** trust the bytes: fasttext_check comes before. */
#ifndef TAMIS_FASTTEXT_SHIM_H
#define TAMIS_FASTTEXT_SHIM_H

#include "core/span.h"

int fasttext_shim_available(void);
/* The model, or NULL with why, a buffer of size bytes, worded. */
void *fasttext_shim_open(Span bytes, char *why, size_t size);
void fasttext_shim_close(void *model);
size_t fasttext_shim_labels(const void *model);
const char *fasttext_shim_label(const void *model, size_t i);   /* as the file has it */
/* At most k label numbers with their scores, as the library gives them; how many, or -1. */
int fasttext_shim_predict(const void *model, Span text, size_t k, size_t *label, double *score);

#endif
