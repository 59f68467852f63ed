// SPDX-License-Identifier: Apache-2.0
#include "data/name_lexicon.h"

#include <bit>
#include <span>
#include <string_view>

#include "data/words.h"

namespace walchen::data {
namespace {

#include "data/name_tables.inc"

// Words of each kind, separated by spaces.
constexpr std::string_view kTitles =
    "Frau Herr Herrn Hr Fr Fräulein Familie Eheleute Eheleuten Mr Mrs Ms Miss Mister Madame Sir Dr Doktor Prof Professor Professorin";
constexpr std::string_view kTitleParts =
    "Frau Herr Herrn Dr Doktor Prof Professor Professorin med dent vet jur rer nat phil habil h c Ing Dipl Mag Bürgermeister "
    "Bürgermeisterin Oberbürgermeister Präsident Präsidentin Direktor Direktorin Minister Ministerin Kollege Kollegin Pfarrer "
    "Pfarrerin Rechtsanwalt Rechtsanwältin Richter Richterin Mayor President Director Minister Judge Senator Father Sister Captain";
constexpr std::string_view kParticles = "von van vom zu zum zur der den de del della di da dos du le la el al bin ben ibn ter ten af av und y";
constexpr std::string_view kGreetings =
    "Liebe Lieber Liebes Hallo Hi Hey Moin Servus Dear Hello Danke Thanks Tschüss Ciao Morgen morning";
constexpr std::string_view kClosings =
    "Grüße Grüßen Gruß Grüsse Grüssen LG VG MfG BG Hochachtungsvoll Ihr Ihre dein deine euer regards sincerely faithfully cheers best "
    "love yours gez wishes signed Gruss from Oma Opa Grandma Grandpa Tante Onkel aunt uncle";
constexpr std::string_view kLabels =
    "Name Nachname Vorname Vornamen Familienname Geburtsname Ansprechpartner Ansprechpartnerin Kontaktperson Kontakt Techniker Technikerin "
    "Monteur Prüfer Prüferin Kontoinhaber Kontoinhaberin Karteninhaber Unterschrift Protokoll Protokollführer Anwesend Teilnehmer "
    "Teilnehmerin Gäste Gast Entschuldigt Patient Patientin Von An Bearbeiter Bearbeiterin Sachbearbeiter Sachbearbeiterin Verfasser "
    "Verfasserin Autor Autorin Absender Empfänger Empfängerin Kunde Kundin Person Versicherte Versicherter Erziehungsberechtigte Mieter "
    "Mieterin Vermieter Halter Fahrer Leiter Leiterin Unterzeichnet Notfallkontakt Benutzer Anwender names surname forename first last "
    "signature contact technician inspector holder minutes present apologies guests patient from to cc beneficiary attendees author sender "
    "recipient customer insured person signed operator driver tenant landlord employee user inhaber inhaberin";
constexpr std::string_view kOccupations =
    "Monteur Monteurin Techniker Technikerin Servicetechniker Kollege Kollegin Trainer Trainerin Schauspieler Schauspielerin Redakteur "
    "Redakteurin Lehrer Lehrerin Rechtsanwalt Rechtsanwältin Geschäftsführer Geschäftsführerin Nachbar Nachbarin Bruder Schwester Schüler "
    "Schülerin Arbeitnehmer Arbeitnehmerin Anlagenfahrer Vorsitzende Vorsitzender Hausmeister Meister Vorarbeiter Polier Patient Patientin "
    "Benutzer Ingenieur Ingenieurin Arzt Ärztin Richter Richterin Sängerin Sänger Autor Autorin Regisseur Regisseurin Ministerin Minister "
    "Bürgermeister Bürgermeisterin Zeuge Zeugin Mandantin Mandant coach actor actress attorney mayor fitter technician teacher neighbour "
    "neighbor brother sister user colleague foreman engineer author singer judge senator witness inspector librarian director";
constexpr std::string_view kNoNames =
    "Der Die Das Den Dem Des Ein Eine Einen Einem Einer Ich Wir Sie Er Es Ihr Ihre Ihren Ihrem Mein Meine Unser Unsere Dein Deine Und Oder "
    "Aber Wenn Weil Dass Als Wie Was Wer Wo Wann Am Im In An Auf Bei Mit Nach Von Vom Vor Zu Zum Zur Für Aus Über Unter Durch Gegen Ohne Bis "
    "Seit Bitte Danke Ja Nein Nicht Kein Keine Auch Nur Noch Schon Hier Da Dort Dann Heute Morgen Gestern Jetzt Diese Dieser Dieses Alle "
    "Viele Guten Guter Gute Beste Besten Beim Gern Tel Telefon Telefonnummer Fax Mobil Handy Mail E-Mail Email Straße Str Weg Platz Allee "
    "Nr Nummer Seite Kapitel Abschnitt Abteilung Firma Werk Halle Raum Lager Haus Büro Stadt Land Kreis Amt Gericht Amtsgericht Finanzamt Bank "
    "Sparkasse Universität Gymnasium Schule Hochschule Institut Verein Verlag Zeitung Theater Museum Kirche Krankenhaus Klinik Praxis "
    "Kolleginnen Kollegen Kollege Kollegin Damen Herren Team Kunden Kundinnen Kunde Kundin Mitarbeiter Mitarbeiterinnen Eltern Freunde "
    "Freundinnen Leser Leserinnen Nachbarn Mitglieder Bürgerinnen Bürger Gäste Grüße Grüßen Gruß Anfrage Nachricht Hilfe Kontakt "
    "Telefonat Vorname Nachname Name Geburtsdatum Anschrift Adresse Datum Ort Betreff Anlage Anhang Auftrag Rechnung Vertrag Angebot "
    "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag Januar Februar März April Mai Juni Juli August September Oktober November "
    "Dezember Pumpe Motor Ventil Sensor Anlage Maschine Steuerung Leitung Kabel Schraube Lösung Problem Fehler Projekt Termin Uhr Euro "
    "Krankenkasse Personal Service Support Technik Einkauf Vertrieb Verwaltung Zentrale Redaktion Regierung Bundesregierung "
    "Teilnehmer Techniker Ihnen Ihrer Euch Dich Mich Sich Vielen Ende Anfang Erde Welt Gott Himmel Liebe Hallo Hi Hey Moin Dear Hello Herzlichen "
    "The A An And Or But If When While Because That This These Those What Who Which Where How Why On At To For From With Without By Of In Into "
    "Over Under After Before Since Until As Is Are Was Were Be Been Has Have Had Do Does Did Will Would Can Could Should May Might Must Not No "
    "Yes I We You He She It They My Your His Her Its Our Their Me Us Him Them All Any Both Each Please Thanks Thank Regards Best Kind Cheers "
    "Sincerely Yours Love Phone Telephone Fax Cell Mobile Email Mail Street Road Lane Avenue Drive Square Park Place City Town County State "
    "Department Company Office School University College Hospital Church Museum Theatre Bank Court Team Everyone Everybody All Folks Madam "
    "Sir Sirs Colleagues Customer Customers Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July "
    "August September October November December Page Chapter Section Table Figure Item Order Invoice Contract Date Name Address Subject "
    "English German French Spanish Italian American British European Sales Support Service Pump Motor Valve Error Project Meeting Report "
    "Deutsch Englisch Gesetz Satz Algorithmus Verfahren Transformation Gleichung Preis Platz Berg See Fluss Tal Insel Tor Turm Brücke Bahnhof "
    "Law Theorem Cycle Equation Transform Algorithm Award Prize Bridge River Lake Mountain Island Tower Station Airport "
    "BSC FC SV TSV VfB VfL AG GmbH PLZ IBAN BIC USt";
constexpr std::string_view kFirms =
    "GmbH AG KG KGaA OHG GbR UG SE mbH Ltd Limited Inc LLC LLP Corp Corporation PLC Company Co BV NV SA SARL Werke Maschinenbau Stiftung "
    "Motors Engineering Industries Holding Group Gruppe Bank Versicherung Eisengießerei Brothers Sons Stanley Deere";

struct HintedList {
  std::span<const std::string_view> words;
  NameHint hint;
};
const HintedList kLists[] = {{kFirstNames, kFirstName}, {kWeakFirstNames, kWeakFirstName}, {kLastNames, kLastName}};

struct HintedText {
  std::string_view words;
  NameHint hint;
};
constexpr HintedText kTexts[] = {
    {kTitles, kTitle},         {kTitleParts, kTitlePart}, {kParticles, kParticle},     {kGreetings, kGreeting}, {kClosings, kClosing},
    {kLabels, kLabel},         {kOccupations, kOccupation}, {kNoNames, kNoName},       {kFirms, kFirm}};

}  // namespace

const NameLexicon& NameLexicon::Get() {
  static const NameLexicon kLexicon;
  return kLexicon;
}

NameLexicon::NameLexicon() : may_have_(kFilterBits / 64) {
  constexpr size_t kNames = std::size(kFirstNames) + std::size(kWeakFirstNames) + std::size(kLastNames);
  entries_.resize(std::bit_ceil(2 * kNames + 4096));
  for (const HintedList& list : kLists) {
    for (const std::string_view word : list.words) Add(WordHash(word), list.hint);
  }
  for (const HintedText& text : kTexts) {
    for (const Word& word : SplitWords(text.words)) Add(word.hash, text.hint);
  }
}

void NameLexicon::Add(uint64_t word_hash, NameHint hint) {
  const uint64_t bit = word_hash % kFilterBits;
  may_have_[bit / 64] |= uint64_t{1} << (bit % 64);
  for (size_t i = word_hash >> 40;; ++i) {
    Entry& entry = entries_[i & (entries_.size() - 1)];
    if (entry.hints != 0 && entry.hash != word_hash) continue;
    entry.hash = word_hash;
    entry.hints = static_cast<uint16_t>(entry.hints | hint);
    return;
  }
}

uint16_t NameLexicon::Search(uint64_t word_hash) const {
  for (size_t i = word_hash >> 40;; ++i) {
    const Entry& entry = entries_[i & (entries_.size() - 1)];
    if (entry.hash == word_hash || entry.hints == 0) return entry.hints;
  }
}

}  // namespace walchen::data
