#include "feed_case.h"

#define FEED "epss"
#define MODEL "#model_version:v2023.03.01,score_date:2024-10-25T00:00:00+0000\n"
#define HEAD "cve,epss,percentile\n"

static const struct feed_case cases[] = {
    {MODEL HEAD "CVE-1999-0005,0.91963,0.99030\nCVE-1999-0006,1,0\n",
     "exploit CVE-1999-0005 kev=0 ransomware=0 epss=0.91963 share=0.99030\n"
     "exploit CVE-1999-0006 kev=0 ransomware=0 epss=1.00000 share=0.00000\n",
     0},
    /* without the model, with CR LF, without the last line end */
    {"cve,epss,percentile\r\nCVE-1,0.5,0.25\r\n",
     "exploit CVE-1 kev=0 ransomware=0 epss=0.50000 share=0.25000\n", 0},
    {HEAD "CVE-1,0.5,0.25", "exploit CVE-1 kev=0 ransomware=0 epss=0.50000 share=0.25000\n", 0},
    {HEAD "CVE-1,9.0e-05,0.25\n", "exploit CVE-1 kev=0 ransomware=0 epss=0.00009 share=0.25000\n",
     0},
    /* lines that are none */
    {HEAD "X-1,0.5,0.25\nCVE-1,1.5,0.25\nCVE-2,-0.1,0.25\nCVE-3,0.5\nCVE-4,0.5,0.25,1\nCVE-5,,"
	  "\nCVE-6,nan,inf\nCVE-7,0.1,0.2\n",
     "note line 2: record not used: not \"CVE,score,share\"\nnote line 3: record not used: not "
     "\"CVE,score,share\"\n"
     "note line 4: record not used: not \"CVE,score,share\"\nnote line 5: record not used: not "
     "\"CVE,score,share\"\n"
     "note line 6: record not used: not \"CVE,score,share\"\nnote line 7: record not used: not "
     "\"CVE,score,share\"\n"
     "note line 8: record not used: not \"CVE,score,share\"\nexploit CVE-7 kev=0 ransomware=0 "
     "epss=0.10000 share=0.20000\n",
     0},
    {HEAD, "", 0},
    {"CVE-1,0.5,0.25\n", "", -ERR_FORMAT},
    {MODEL, "", -ERR_FORMAT},
    {"", "", -ERR_FORMAT},
    {"<html>", "", -ERR_FORMAT},
};

static const char whole[] = MODEL HEAD "CVE-1999-0005,0.91963,0.99030\n";
/* Lines are records of their own: any prefix that holds the header is a table. */

static struct feed_tests tests_of_feed = {
    .feed = FEED,
    FEED_CASES(cases),
    .whole = whole,
    .whole_min = sizeof MODEL HEAD - 2,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FEED_TESTS(&tests_of_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
