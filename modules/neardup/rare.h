/* modules/neardup/rare.h - which texts of a crowd may reach the floor with one another? A crowd is
** a group of many texts that share much (a template) without matching, where bands and bitmaps
** would look at every pair. No pair at the floor or above is lost, by proof:
**
** If J(x, y) >= t, x and y of nx >= ny distinct shingles share t / (1 + t) of nx + ny at least, so
** y lacks in x at most ny - t / (1 + t) (nx + ny), which is (1 - t) / (1 + t) of ny or less. Of any
** s shingles chosen of y, x then has s - lacking. The index holds for each text its rarest
** s = (1 - t) / (1 + t) ny + 6; the larger text is scanned whole, and hits are counted. Rare is what
** few texts of a sample have: there a template stays out of the index, and which shingles are
** chosen changes nothing but speed. (A prefix filter, Bayardo, Ma, Srikant 2007, that counts.)
** Inside the module only. */
#ifndef TAMIS_RARE_H
#define TAMIS_RARE_H

#include "neardup/verify.h"

enum { RARE_SAMPLE = 4096 };   /* texts worth counting */
#define RARE_FLOOR 0.05        /* below it too much may lack */

typedef struct Rare Rare;

/* For texts 0 .. n-1, which come in four steps: some are counted, all are added, the index is laid,
** any is scanned. The floor is RARE_FLOOR or above. NULL if out of memory. */
Rare *rare_new(size_t n, double floor);
void rare_free(Rare *r);                                /* NULL is left alone */

/* The table holds the shingles of a text, which is not GRAMS_WHOLE. */
void rare_count(Rare *r, const GramTable *t);           /* at most RARE_SAMPLE texts */
int rare_add(Rare *r, const GramTable *t, uint32_t text);   /* ascending; 0, or -1 if out of memory */
int rare_lay(Rare *r);                                  /* 0; 1: too many for an index; -1 if out of memory */

/* Texts that may reach the floor with this one, among those with fewer shingles, or with as many
** and a lower number: [*n] in no order, until the next scan. NULL if out of memory. */
const uint32_t *rare_scan(Rare *r, const GramTable *t, uint32_t text, size_t *n);

#endif
