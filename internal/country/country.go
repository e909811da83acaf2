package country

import "strings"

// countries lists ISO 3166-1, alpha-2 followed by alpha-3, and Kosovo under
// the code that the European Union uses for it.
const countries = "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD BEBEL " +
	"BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD " +
	"CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA " +
	"DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF " +
	"GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN " +
	"IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA " +
	"KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE " +
	"MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM " +
	"NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM " +
	"PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN " +
	"SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL " +
	"TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR " +
	"VNVNM VUVUT WFWLF WSWSM XKXKK YEYEM YTMYT ZAZAF ZMZMB ZWZWE"

// Alpha2 returns the ISO 3166-1 alpha-2 code, in upper case, of an alpha-2 or
// alpha-3 code in any letter case; EL is GR, UK and XI are GB, 1A0 is XK, as
// VAT numbers and the Union's authority table of countries have them. ok is
// false for everything else, the empty text included.
func Alpha2(code string) (alpha2 string, ok bool) {
	if len(code) != 2 && len(code) != 3 {
		return "", false
	}
	c := strings.ToUpper(code)
	switch c {
	case "EL":
		return "GR", true
	case "UK", "XI":
		return "GB", true
	case "1A0":
		return "XK", true
	}
	for rest := countries; len(rest) >= 5; rest = rest[min(6, len(rest)):] {
		if rest[:2] == c || rest[2:5] == c {
			return rest[:2], true
		}
	}
	return "", false
}

// Canonical is Alpha2 for comparisons: what is no code comes back in upper case
// without spaces, so that equal texts stay equal.
func Canonical(code string) string {
	c := strings.ToUpper(strings.Join(strings.Fields(code), ""))
	if a, ok := Alpha2(c); ok {
		return a
	}
	return c
}

// Is tells whether code is an alpha-2 code in use, in upper case.
func Is(code string) bool {
	a, ok := Alpha2(code)
	return ok && a == code
}
