/* modules/classify/shipped.h - the file of weights that comes with the program (classify.h), as bytes. The Makefile
** makes them of modules/classify/toxicity.weights, which `make fit-toxicity` makes of labelled sets. */
#ifndef TAMIS_SHIPPED_H
#define TAMIS_SHIPPED_H

#include <stddef.h>

extern const unsigned char classify_shipped[];
extern const size_t classify_shipped_len;

#endif
