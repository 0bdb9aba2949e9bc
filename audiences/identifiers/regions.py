"""States and provinces: their codes by name, where a platform wants codes.

For the United States these are the ANSI codes.
The other countries are those for which Amazon's uploader for Marketing Cloud has codes, under the
names that it knows (aws-solutions/amazon-marketing-cloud-uploader-from-aws 3.0.15, 2025-10).
"""

from __future__ import annotations

import re
from functools import cache

_CODES = {
    "US": """
        AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut;
        DE Delaware; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois; IN Indiana; IA Iowa;
        KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan;
        MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada;
        NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York; NC North Carolina;
        ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island;
        SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont;
        VA Virginia; WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming""",
    "CA": """
        AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick;
        NL Newfoundland and Labrador; NT Northwest Territories; NS Nova Scotia; NU Nunavut;
        ON Ontario; PE Prince Edward Island; QC Quebec; SK Saskatchewan; YT Yukon""",
    "DE": """
        BW Baden-Wuerttemberg; BY Bavaria; BE Berlin; BB Brandenburg; HB Bremen; HH Hamburg;
        HE Hesse; NI Lower Saxony; MV Mecklenburg-Vorpommern; NW North Rhine-Westphalia;
        RP Rhineland-Palatinate; SL Saarland; SN Saxony; ST Saxony-Anhalt; SH Schleswig-Holstein;
        TH Thuringia""",
    "FR": """
        AA Alsace; AQ Aquitaine; AU Auvergne; BT Brittany; BG Burgundy; CN Centre;
        CG Champagne-Ardenne; FC Franche-Comte; IF Ile-de-France; LU Languedoc-Roussillon;
        LM Limousin; LE Lorraine; BN Lower Normandy; MP Midi-Pyrenees; NP Nord-Pas-de-Calais;
        PL Pays de la Loire; PI Picardy; PT Poitou-Charentes; PR Provence-Alpes-Cote d'Azur;
        RA Rhone-Alpes; HT Upper Normandy; CE Corsica""",
    "IT": """
        AG Agrigento; AL Alessandria; AN Ancona; AO Aosta; AR Arezzo; AP Ascoli Piceno; AT Asti;
        AV Avellino; BA Bari; BT Barletta-Andria-Trani; BL Belluno; BN Benevento; BG Bergamo;
        BI Biella; BO Bologna; BZ South Tyrol; BS Brescia; BR Brindisi; CA Cagliari;
        CL Caltanissetta; CB Campobasso; CI Carbonia-Iglesias; CE Caserta; CT Catania;
        CZ Catanzaro; CH Chieti; CO Como; CS Cosenza; CR Cremona; KR Crotone; CN Cuneo; EN Enna;
        FM Fermo; FE Ferrara; FI Florence; FG Foggia; FC Forli-Cesena; FR Frosinone; GE Genoa;
        GO Gorizia; GR Grosseto; IM Imperia; IS Isernia; SP La Spezia; AQ L'Aquila; LT Latina;
        LE Lecce; LC Lecco; LI Livorno; LO Lodi; LU Lucca; MC Macerata; MN Mantua;
        MS Massa and Carrara; MT Matera; VS Medio Campidano; ME Messina; MI Milan; MO Modena;
        MB Monza and Brianza; NA Naples; NO Novara; NU Nuoro; OG Ogliastra; OT Olbia-Tempio;
        OR Oristano; PD Padua; PA Palermo; PR Parma; PV Pavia; PG Perugia; PU Pesaro and Urbino;
        PE Pescara; PC Piacenza; PI Pisa; PT Pistoia; PN Pordenone; PZ Potenza; PO Prato;
        RG Ragusa; RA Ravenna; RC Reggio Calabria; RE Reggio Emilia; RI Rieti; RN Rimini; RM Rome;
        RO Rovigo; SA Salerno; SS Sassari; SV Savona; SI Siena; SO Sondrio; SR Syracuse;
        TA Taranto; TE Teramo; TR Terni; TP Trapani; TN Trentino; TV Treviso; TS Trieste; TO Turin;
        UD Udine; VA Varese; VE Venice; VB Verbano-Cusio-Ossola; VC Vercelli; VR Verona;
        VV Vibo Valentia; VI Vicenza; VT Viterbo""",
    "ES": """
        A Alicante; A Alacant; AB Albacete; AL Almeria; AV Avila; B Barcelona; BA Badajoz;
        BI Vizcaya; BI Bizkaia; BU Burgos; C La Coruna; C A Coruna; CA Cadiz; CC Caceres; CE Ceuta;
        CO Cordoba; CR Ciudad Real; CS Castellon; CS Castello; CU Cuenca; GC Las Palmas; GI Girona;
        GI Gerona; GR Granada; GU Guadalajara; H Huelva; HU Huesca; J Jaen; L Lerida; L Lleida;
        LE Leon; LO La Rioja; LU Lugo; M Madrid; MA Malaga; ML Melilla; MU Murcia; NA Navarra;
        NA Nafarroa; O Asturias; OR Orense; OR Ourense; P Palencia; PM Baleares; PM Balears;
        PO Pontevedra; S Cantabria; SA Salamanca; SE Sevilla; SG Segovia; SO Soria; SS Guipuzcoa;
        SS Gipuzkoa; T Tarragona; TE Teruel; TF Santa Cruz de Tenerife; TO Toledo; V Valencia;
        VA Valladolid; VI Alava; VI Araba; Z Zaragoza; ZA Zamora""",
}
# Meta's page asks for the ANSI abbreviation, and ANSI has these too.
_OF_ANSI_TOO = """
    DC District of Columbia; PR Puerto Rico; GU Guam; VI Virgin Islands; AS American Samoa;
    MP Northern Mariana Islands"""
_ROW = re.compile(r"([A-Z]{1,2}) ([^;]+)")


def letters(name: str) -> str:
    """Return the letters A to Z of a name in capitals; all else is dropped, accented ones too."""
    return re.sub(r"[^A-Z]", "", name.upper())


@cache
def codes(country: str) -> dict[str, str]:
    """Return a country's codes by the letters of each name; none for most countries."""
    return {letters(name): code for code, name in _ROW.findall(_CODES.get(country, ""))}


@cache
def ansi() -> dict[str, str]:
    """Return the ANSI codes of the United States by the letters of each name."""
    return codes("US") | {letters(name): code for code, name in _ROW.findall(_OF_ANSI_TOO)}
