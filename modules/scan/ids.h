/* modules/scan/ids.h - checks of numbers that countries give out, and of bank accounts: each looks
** at a whole match of its shape. checks.c puts them in the table of names. */
#ifndef TAMIS_IDS_H
#define TAMIS_IDS_H

#include "scan/checks.h"

int check_iban(ScanCandidate *c);      /* ISO 13616: a country of the registry, its length, mod 97; narrows */
int check_nhs(ScanCandidate *c);       /* UK: ten digits, mod 11 */
int check_nif(ScanCandidate *c);       /* ES: DNI and NIE, the letter of mod 23 */
int check_de_tax(ScanCandidate *c);    /* DE: eleven digits, one of ten two or three times, ISO 7064 mod 11,10 */
int check_pesel(ScanCandidate *c);     /* PL: a date of birth, weights 1 3 7 9 */
int check_aadhaar(ScanCandidate *c);   /* IN: twelve digits, Verhoeff */
int check_cpf(ScanCandidate *c);       /* BR: eleven digits, two check digits mod 11 */

#endif
