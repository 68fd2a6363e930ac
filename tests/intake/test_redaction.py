import json
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.intake.redaction import KINDS, redact, redact_query
from intentclf.intake.redaction.checksums import (
    is_bsn,
    is_fodselsnummer,
    is_inn,
    is_snils,
    passes_luhn,
    passes_mod97,
)
from intentclf.intake.redaction.folding import fold, read_as_latin
from intentclf.intake.redaction.forms import forms, read_rows
from intentclf.intake.redaction.number_fits import is_card
from intentclf.records import Query

ITEMS = Path(__file__).parent / "redaction_items.jsonl"
MARK = re.compile(r"\{([A-Z_]+)\|(.*?)\}", re.DOTALL)

# What stands in braces is an item of that kind; a sentence without braces must stay as it is.
SENTENCES = [
    # e-mail
    ("nl", "Mijn adres is {EMAIL|jan.de.vries+ms@voorbeeld.example.nl}, graag antwoord."),
    ("nl", "Ik kan niet inloggen met {EMAIL|j.bakker_81@hotmail.com}."),
    ("nb", "Send svar til <{EMAIL|kari.nordmann@example.no}> i dag"),
    ("nn", "E-posten min er {EMAIL|ola-håkon@skule.example.no}; eg får ikkje svar"),
    ("ru", "Почта {EMAIL|ivan_petrov1985@mail.example.ru} не открывается"),
    ("ru", "Пишите на {EMAIL|иван@почта.рф}, пожалуйста"),
    ("en", "Contact mailto:{EMAIL|paula@home.example.org}?subject=help"),
    ("en", "It shows {EMAIL|ma*****@hotmail.com} as my recovery address"),
    ("en", "write to {EMAIL|tom (at) example.org} please"),
    ("nl", "stuur maar naar {EMAIL|piet[at]example[dot]nl}"),
    ("en", "my login {EMAIL|sue@hotmail} is refused"),
    # telephone
    ("nl", "Bel mij op {PHONE|06-12345678} na vijven."),
    ("nl", "Mijn nummer: {PHONE|+31 (0)6 12 34 56 78}"),
    ("nl", "Bereikbaar via {PHONE|0031 6 12345678}."),
    ("nl", "Kantoor {PHONE|(020) 123 45 67} of {PHONE|030-1234567}"),
    ("nl", "tel. {PHONE|0612345678}"),
    ("nl", "Telefoon: {PHONE|06\u00a012\u00a034\u00a056\u00a078}"),
    ("nl", "bel {PHONE|０６-１２３４５６７８}"),
    ("nb", "Ring meg på {PHONE|912 34 567} i kveld"),
    ("nb", "Tlf. {PHONE|22 33 44 55}, spør etter Kari"),
    ("nb", "mobilnummeret mitt er {PHONE|91234567}"),
    ("nb", "Nummeret er {PHONE|0047 912 34 567}"),
    ("nn", "Ring {PHONE|+47 41 23 45 67} om de får det til"),
    ("nn", "Telefonnummer {PHONE|41234567} verkar ikkje"),
    ("ru", "Позвоните мне: {PHONE|8 (916) 123-45-67}"),
    ("ru", "мой телефон {PHONE|+7 916 123 45 67}, жду звонка"),
    ("ru", "звоните {PHONE|89161234567}"),
    ("ru", "Номер телефона {PHONE|9161234567} больше не мой"),
    ("ru", "Код не приходит на {PHONE|+7(916)123-45-67}"),
    ("ru", "городской {PHONE|(495) 123-45-67}"),
    ("ru", "Набирайте {PHONE|123-45-67} до шести"),
    ("en", "Call me on {PHONE|+44 7700 900123} please"),
    ("en", "My number is {PHONE|(212) 555-0123}."),
    ("en", "office {PHONE|020 7946 0958}"),
    ("en", "it is {PHONE|212-555-0123} during the day"),
    ("en", "fax {PHONE|+1 212 555 0123}"),
    ("en", "phone number {PHONE|5550 1234}"),
    ("en", "Reach me at {PHONE|+49 30 901820} in Berlin"),
    # cards
    ("nl", "Er is afgeschreven van {CARD|4539 0745 7652 8043} zonder dat ik iets kocht"),
    ("nl", "creditcard {CARD|5105-3910-8946-9981}, geldig tot 12/27"),
    ("nb", "Kortet mitt {CARD|2221263992211949} ble avvist"),
    ("nn", "Kortnummer {CARD|4539.0745.7652.8043} vart trekt to gonger"),
    ("ru", "карта {CARD|2200 9588 5410 2061} не принимается"),
    ("ru", "Списали с карты {CARD|4539074576528043} дважды"),
    ("en", "my Amex {CARD|3722 757975 01036} was charged"),
    ("en", "card {CARD|6375 5947 0900 1008}, of which twelve digits are a card's too"),
    ("en", "{CARD|6011069611825349} keeps being declined"),
    ("en", "The number is {CARD|4539\u00a00745\u00a07652\u00a08043}."),
    ("en", "card 4539 0745 7652 8044 is refused as not valid"),
    # IBAN
    ("nl", "Stort terug op {IBAN|NL20 INGB 0001 2345 67} graag"),
    ("nl", "IBAN {IBAN|nl39rabo0300065264} t.n.v. J. Bakker"),
    ("nl", "rekening {IBAN|NL39.RABO.0300.0652.64}"),
    ("nl", "Op {IBAN|NL39 RABO 0300\n0652 64} is niets ontvangen"),
    ("nl", "Naar {IBAN|NＬ39 RABO 0300 0652 64} graag"),
    ("nb", "Kontoen er {IBAN|NO93 8601 1117 947}"),
    ("nn", "Pengane skal til {IBAN|NO9386011117947}."),
    ("ru", "Верните на {IBAN|NL39 RАВО 0300 0652 64}, пожалуйста"),
    ("ru", "счёт в Латвии {IBAN|LV19PARX0000435195001}"),
    ("en", "Refund to {IBAN|GB29 NWBK 6016 1331 9268 19}."),
    ("en", "{IBAN|DE44-5001-0517-5407-3249-31} is my account"),
    ("nl", "NL91 ABNA 0417 1643 01 klopt niet, zegt de bank"),
    # BSN
    ("nl", "Mijn BSN is {BSN|945807302}, klopt dat?"),
    ("nl", "burgerservicenummer: {BSN|1112.22.333}"),
    ("nl", "bsn {BSN|100 233 077} staat verkeerd"),
    ("nl", "{BSN|465228173} is mijn BSN"),
    ("nl", "Er staat {BSN|877901260} op het scherm"),
    ("en", "My Dutch BSN ({BSN|111-222-333}) was asked"),
    ("nl", "BSN 945807303 wordt geweigerd"),
    # fødselsnummer
    ("nb", "Fødselsnummeret mitt er {FODSELSNUMMER|150385 20153}"),
    ("nb", "D-nummer {FODSELSNUMMER|41019057907} godtas ikke"),
    ("nb", "Jeg skrev {FODSELSNUMMER|010141 17780} i feltet"),
    ("nn", "personnummeret {FODSELSNUMMER|311299-61891} er feil registrert"),
    ("nn", "Testpersonen har {FODSELSNUMMER|15838537240}"),
    ("en", "my Norwegian ID number {FODSELSNUMMER|15.03.85 20153} does not work"),
    ("nb", "Fødselsnummer 150385 20154 er ikke gyldig"),
    # ИНН, СНИЛС
    ("ru", "Наш ИНН {INN|7772731590}, нужен счёт"),
    ("ru", "ИНН: {INN|777503807132}"),
    ("ru", "Укажите {INN|500709344478} в документах"),
    ("ru", "Организация {INN|5009939700}, не можем войти"),
    ("ru", "инн {INN|7775 038071 32}"),
    ("ru", "СНИЛС {SNILS|087-062-482 80} не находится"),
    ("ru", "Мой снилс {SNILS|11224791120}"),
    ("ru", "На бумаге было {SNILS|00467177946} и всё"),
    ("ru", "В анкете {SNILS|156 389 238 03} и всё"),
    ("en", "Russian SNILS {SNILS|014-480-280-21}"),
    ("ru", "СНИЛС 087-062-482 81 не принят"),
    ("ru", "ИНН 7772731591 не найден"),
    # passports
    ("nl", "Paspoortnummer {PASSPORT|NW8K2L345} staat op de kopie"),
    ("nl", "mijn paspoort {PASSPORT|NX1234567} is verlopen"),
    ("nb", "passnummer {PASSPORT|26123456}"),
    ("nb", "Passet mitt har nummer {PASSPORT|CCC001509}"),
    ("ru", "паспорт {PASSPORT|45 10 123456} выдан в 2010 году"),
    ("ru", "Паспорт серии {PASSPORT|4510 № 123456}"),
    ("ru", "загранпаспорт {PASSPORT|71 1234567}"),
    ("en", "My passport number is {PASSPORT|925665416}"),
    # product keys
    ("nl", "De sleutel {PRODUCT_KEY|VK7JG-NPHTM-C97JM-9MPGT-3V66T} is al gebruikt"),
    ("nb", "Nøkkelen {PRODUCT_KEY|W269N-WFGWX-YVC9B-4J6C9-T83GX} virker ikke"),
    ("ru", "ключ {PRODUCT_KEY|W269N WFGWX YVC9B 4J6C9 T83GX} не подходит"),
    ("en", "key {PRODUCT_KEY|w269n-wfgwx-yvc9b-4j6c9-t83gx} is refused"),
    ("en", "It asks for XXXXX-XXXXX-XXXXX-XXXXX-XXXXX on the box"),
    # IP
    ("nl", "De server op {IP|192.168.178.20} antwoordt niet"),
    ("nb", "Fra {IP|10.0.0.5}:8080 får vi ingen svar"),
    ("ru", "адрес {IP|81.2.69.142} заблокирован"),
    ("en", "blocked {IP|2001:db8::8a2e:370:7334} since noon"),
    ("en", "fe80 is {IP|fe80::1ff:fe23:4567:890a}"),
    ("en", "host http://{IP|172.16.4.9}/login fails"),
    ("en", "version 1.2.3.4 of the driver"),
    ("en", "mask 255.255.255.0 and 127.0.0.1 are fine"),
    # codes
    ("nl", "Ik kreeg code {MFA_CODE|482913} maar hij werkt niet"),
    ("nl", "verificatiecode: {MFA_CODE|482 913}"),
    ("nl", "{MFA_CODE|482913} is de code die ik kreeg"),
    ("nb", "Engangskoden er {MFA_CODE|5571}, hva nå?"),
    ("nb", "fikk koden {MFA_CODE|G-482913} på sms"),
    ("nn", "Eg fekk kode {MFA_CODE|48291375} på telefonen"),
    ("ru", "Пришёл код {MFA_CODE|482913}, но не подходит"),
    ("ru", "код подтверждения - {MFA_CODE|4829}"),
    ("en", "Your security code is {MFA_CODE|482-913}."),
    ("en", "the one-time code {MFA_CODE|482913} expired"),
    ("nl", "foutcode 1603 bij het installeren"),
    ("nb", "feilkode 30068 dukker opp"),
    ("ru", "код ошибки 80070005 при обновлении"),
    ("en", "error code 30088 again"),
    ("en", "I wait for the code since 2019"),
    # addresses
    ("nl", "Ik woon in de {ADDRESS|Kerkstraat 12-A, 1234 AB Utrecht} en heb geen internet"),
    ("nl", "Stuur het naar {ADDRESS|Laan van Meerdervoort 501}."),
    ("nl", "postcode {ADDRESS|1234ab}"),
    ("nl", "adres: {ADDRESS|Prinsengracht 263, 1016 GV Amsterdam}"),
    ("nb", "Jeg bor i {ADDRESS|Storgata 12B, 0155 Oslo}"),
    ("nb", "Levert til {ADDRESS|Karl Johans gate 5} i går"),
    ("nn", "Adressa er {ADDRESS|Fjordvegen 7, 6800 Førde}."),
    ("ru", "Мой адрес: {ADDRESS|г. Москва, ул. Ленина, д. 5, кв. 12}"),
    ("ru", "Живу на {ADDRESS|ул. Гагарина, 17}"),
    ("ru", "{ADDRESS|Невский проспект, 28}, второй вход"),
    ("en", "Ship to {ADDRESS|221B Baker Street, London NW1 6XE} please"),
    ("en", "I live at {ADDRESS|1600 Pennsylvania Avenue}"),
    # secrets
    ("nl", "mijn wachtwoord is {SECRET|Welkom01!} en dat werkt niet"),
    ("nl", "Wachtwoord: {SECRET|geheim}\nGroet"),
    ("nb", "passordet er {SECRET|Sommer2024}"),
    ("nn", "Passord: {SECRET|fjell-tur7}"),
    ("ru", "пароль: {SECRET|Qwerty123}, логин ivan"),
    ("en", "my password is {SECRET|Tr0ub4dor&3}"),
    ("en", "password is “{SECRET|correct horse battery}”"),
    ("en", "see https://example.org/reset?user=4&token={SECRET|9f8e7d6c5b4a}&lang=nl"),
    ("en", "git clone https://bob:{SECRET|hunter2}@git.example.org/x.git"),
    ("nl", "mijn wachtwoord is verlopen"),
    ("nl", "wachtwoord vergeten, wat nu?"),
    ("nb", "passordet er feil sier den"),
    ("ru", "пароль: не подходит"),
    ("en", "The password is incorrect. Password: expired?"),
    # passwords told in other ways
    ("nl", "Het tijdelijke wachtwoord dat ik kreeg ({SECRET|Tg7#kwPq}) werkt maar één keer."),
    ("nl", "Ik heb mijn wachtwoord gewijzigd van {SECRET|Fietsbel77} naar {SECRET|Fietsbel78!}."),
    ("nl", "{SECRET|Fietsbel77!} was mijn wachtwoord, nu niet meer."),
    ("nb", "Passordet er satt til {SECRET|Vinter#2024} på alle maskiner."),
    ("nb", "Passordet “{SECRET|blå hest spiser}” er for kort sier den."),
    ("nb", "{SECRET|Troll&Fjell9} er passordet til wifi på hytta."),
    ("ru", "Новый пароль — {SECRET|Berezka!77}, старый был {SECRET|Berezka76}."),
    ("ru", "Поменяла пароль на «{SECRET|зелёный чай утром}» и забыла логин."),
    ("ru", "{SECRET|Sneg2024!} — это пароль от вайфая."),
    ("en", "Changed my password from {SECRET|Winter22!} to {SECRET|Spring23!} yesterday."),
    ("en", "{SECRET|Tulip$99x} is my password and it fails."),
    ("en", "app password {SECRET|qzwk ptrn zvkd mxle} for the scanner"),
    ("en", "api_key={SECRET|a8f5f167f44f4964e6c998dee827110c} returns 401"),
    ("en", "https://git:{SECRET|ghp_abcdEFGH1234567890abcdEFGH12345678}@github.com/x/y.git"),
    ("nl", "Na het wachtwoord meldt Outlook2019 niets, en met het wachtwoord kwam PF3K9X2L erbij."),
    ("nl", "Bij wachtwoord “een ander wachtwoord voor mij kiezen” gebeurt niets"),
    ("nl", "Het wachtwoord voor Office365 werkt niet op LAPTOP-4f7K2."),
    ("nl", "De melding “wachtwoord onjuist” blijft terugkomen."),
    ("nb", "Passordet på LAPTOP-Ab12 er feil."),
    ("ru", "пароль для пользователя iVanov77 истёк"),
    ("en", "It says “password is incorrect” again; credentials for SRV-Db01 are fine, Timeout=30x."),
    ("en", "app password that this user made fails"),
    # codes behind, in lists, from an app
    ("nl", "{MFA_CODE|60417} is volgens jullie sms mijn tijdelijke code"),
    ("nl", "De codes {MFA_CODE|482913} en {MFA_CODE|119204} werkten allebei niet."),
    ("nb", "Koden jeg fikk på telefonen, {MFA_CODE|5820}, virker ikke"),
    ("nb", "Jeg tastet {MFA_CODE|640218} fra Authenticator, uten hell."),
    ("ru", "Пришёл код {MFA_CODE|4829}, потом {MFA_CODE|1177}, оба неверные."),
    ("en", "The app shows {MFA_CODE|482 913} but Teams refuses it."),
    ("en", "{MFA_CODE|7712} is the code I got by text."),
    ("en", "The app shows 38 and error 1603; the text says 2024 edition."),
    ("nb", "Appen viser 1250 postbokser."),
    ("en", "Case 482913 from the portal."),
    # what else is written in several ways
    ("nb", "Passet mitt, nr. {PASSPORT|CCB 472 915}, ligger åpent."),
    ("nl", "paspoort nr {PASSPORT|npr8k21l4} is gestolen"),
    ("ru", "загранпаспорт № {PASSPORT|75 1234567}"),
    ("ru", "Паспорт: серия {PASSPORT|45 10 номер 123456}, выдан"),
    ("en", "Boarding pass 12345678 was not printed."),
    ("nb", "Nøkkel: {PRODUCT_KEY|vk7jg npht9 c97jm 9mpgt 3v66t}"),
    ("en", "scanned as {PRODUCT_KEY|XQ4NMVT7RKWB2PHFD9CJY83G6} without dashes"),
    ("nb", "Ring {PHONE|47 64 18 52} eller {PHONE|47641853}."),
    ("nl", "Jan ({PHONE|06-12345678}), Piet ({PHONE|+31 6 12345679}), kantoor {PHONE|(+31) 20 1234567}"),
    ("nb", "Mobilnummeret ({PHONE|931-54-018}) er på feil konto."),
    ("nl", "Bel {PHONE|0900-1234} of {PHONE|0800 73 261}."),
    ("ru", "Офис: {PHONE|8-727-341-96-20}"),
    ("nb", "Mobil\t{PHONE|912 34 567}\nFnr\t{FODSELSNUMMER|150385 20153}"),
    ("nb", "Jeg limte inn tallet og det ble {FODSELSNUMMER|15038520153}"),
    ("en", "my national ID {FODSELSNUMMER|15038520153} is shown in the profile"),
    ("ru", "Договор с {INN|7707083893} (это ИНН) закрыт"),
    ("ru", "ИНН {INN|7707083893} закрывается, лицензии переходят на {INN|5009939700}"),
    # addresses with and without a postcode
    ("nl", "Verzonden aan {ADDRESS|Postbus 512, 6802 EC Arnhem}, niets ontvangen."),
    ("nl", "{ADDRESS|Kerkstraat 12 te Utrecht} is ons kantoor."),
    ("nl", "Bezorgadres: {ADDRESS|Achter de Hoven 12, 8933 AB Leeuwarden}"),
    ("nl", "Ik woon op {ADDRESS|De Wielsem 27 in Veghel}."),
    ("nb", "{ADDRESS|Utsikten 4, 4630 Kristiansand} er ny adresse."),
    ("nb", "Jeg bor i {ADDRESS|Storgata 12 i Bergen}."),
    ("ru", "{ADDRESS|Тула, ул. Ленина, дом 5, квартира 12}"),
    ("ru", "Отправьте на {ADDRESS|Казань, улица Баумана 12, кв 4, 420111}"),
    ("en", "{ADDRESS|12 Station Road\nReading\nRG1 1AA}"),
    ("en", "{ADDRESS|PO Box 12, London SW1A 1AA}"),
    ("nl", "Adr\t{ADDRESS|Lindelaan 4, 3511 AB Utrecht}\nKlant 4711"),
    ("en", "Home\t{ADDRESS|5 Mill Lane, Leeds LS1 4AB}\tdesk"),
    ("ru", "Мы в Туле, индекс 300000, Кабинет 12 без сети"),
    ("nl", "Het kantoor op Verdieping 3 zit op Windows 10 en Office 2016."),
    ("en", "Deliver to Building 7 before Friday 12."),
    # words nearby decide
    ("nl", "Mijn vrouw haar bsn: {BSN|111222333}; dat van mij {BSN|945807302}."),
    ("nl", "Ik heb een sms gehad met {MFA_CODE|482913} als code"),
    ("nl", "De code die ik via sms kreeg was {MFA_CODE|93 41 22}"),
    ("nl", "Het staat op Teams 1.6.0.27 en Outlook 16.0.5.10"),
    ("nl", "De printer geeft code 2502 en daarna code 43"),
    ("nl", "Op {PHONE|06-12345678} en {PHONE|06-87654321} kreeg ik de code {MFA_CODE|4829}"),
    ("nl", "wachtwoord is te kort, wachtwoord is 8 tekens lang"),
    ("nl", "Ik kom niet in mijn @live.nl, sinds 2024 OP KANTOOR"),
    ("nl", "IMEI 356938035643809 en klantnummer 4539074576528043"),
    ("nb", "Jeg heter Per og har fnr {FODSELSNUMMER|15038520153}, tlf {PHONE|99887766}"),
    ("nb", "Ordrenr. 15038520153, kontonummer 8601 11 17947"),
    ("nb", "Fikk feilmelding 53003 og kode 53003"),
    ("nn", "Eg fekk kode {MFA_CODE|5300} i går"),
    ("ru", "ИНН организации — {INN|7707083893}, КПП 773601001, ОГРН 1027700132195"),
    ("ru", "Пароль {SECRET|Zima2023} не подходит"),
    ("ru", "Офис: {ADDRESS|Санкт-Петербург, Невский пр-т, д. 28, офис 5}"),
    ("ru", "ни с телефона, ни с ноутбука, код 53003"),
    ("ru", "нет имени и пароля для imap: ввожу новый"),
    ("en", "Ship to {ADDRESS|500 5th Avenue, New York, NY 10110} by Friday"),
    ("en", "CVV 123 and card {CARD|4214110164798} expired 05/26"),
    ("en", "Passport {PASSPORT|C01X00T47} was scanned"),
    ("en", "ISBN 978-0-306-40615-7 from 1999-2003, UPS 1Z999AA10123456784"),
    ("nl", "Mijn adres komt zo, nummer {PHONE|0612345678}"),
    ("nl", "Naar {ADDRESS|Kerkstraat 1, 5211 AB ’s-Hertogenbosch} graag"),
    ("nl", "een tabel:\n4539\n0745\n7652\n8043\nklaar"),
    ("en", "my code {MFA_CODE|482913} opens 77112 files"),
    # look-alikes
    ("nl", "Fout 0x80070005 na update KB5034441 op build 16.0.14326.20404"),
    ("nl", "Ticket 111222333 van 12-03-2024 10:15 staat nog open"),
    ("nl", "bestelnummer 945807302, prijs € 1.234,56"),
    ("nl", "C:\\Users\\jan\\Logs\\945807302.txt ontbreekt"),
    ("nl", "Sinds 2019-2024 heb ik Office 2019 EN, 16 GB en 2500 mails"),
    ("nl", "Org. nr 923609016 en KvK 12345678"),
    ("nb", "Sak 945807302 og ordrenummer 912 34 567"),
    ("nb", "AADSTS50058 og 5.7.1 står det, kl. 10:30 den 12.03.2024"),
    ("nb", "Det kostet 123 456 782 kroner i 2023"),
    ("nn", "Feil 0x8004010F i versjon 10.0.22621.3007"),
    ("ru", "Заявка 7772731590 от 12.03.2024, ошибка 0x80070005"),
    ("ru", "Windows 11 22H2, сборка 22621.3155, 15 000 руб."),
    ("ru", "заказ 945807302 на 2 500 рублей"),
    ("en", "GUID 3f2504e0-4f89-41d3-9a0c-0305e82c3301 and 12345678-1234-1234-1234-123456789012"),
    ("en", "order number 4539074576528043 at 2024-03-12T10:15:00+01:00"),
    ("en", "https://example.org/orders/945807302?page=12"),
    ("en", "MAC 00:1B:44:11:3A:B7, port 8080, 550 5.7.1 at 12:30:45"),
    ("en", "3 Google Drive accounts, 1000000 files, 99.99 %"),
    ("en", "the std::vector of react@18.2.0"),
]


def unmarked(marked):
    """The text of a marked sentence and its items as (kind, start, end)."""
    text, items, done = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[done : match.start()]
        items.append((match[1], len(text), len(text) + len(match[2])))
        text += match[2]
        done = match.end()
    return text + marked[done:], items


@pytest.mark.parametrize(("language", "marked"), SENTENCES, ids=[f"{row[0]}-{row[1][:32]}" for row in SENTENCES])
def test_exactly_the_marked_items_are_replaced(language, marked):
    text, items = unmarked(marked)
    redacted = redact(text)
    assert [(item.kind, item.start, item.end) for item in redacted.items] == items
    assert redacted.text == MARK.sub(r"[\1]", marked)


# Sums by hand, and numbers published as examples.
CHECKED = [
    # from the left, every second doubled: 7 9 9 4 7 6 9 7 7 2 3 = 70
    (passes_luhn, "79927398713", "79927398710"),
    (passes_luhn, "4111111111111111", "4111111111111112"),
    # 9 + 8 + 7 + 2 * (6 + 5 + 4) + 3 * (3 + 2) - 3 = 66 = 6 * 11
    (is_bsn, "111222333", "111222334"),
    # a leading zero left out: 1*8 2*7 3*6 4*5 5*4 6*3 7*2 - 2 = 110 = 10 * 11
    (is_bsn, "12345672", "12345673"),
    # first: 1*7 1*1 7*9 5*4 1*2 = 93, with the check digit 99 = 9 * 11
    # second: 1*4 1*2 7*6 5*5 1*3 6*2 = 88 = 8 * 11
    (is_fodselsnummer, "01010750160", "01010750161"),
    # 7*2 7*4 7*3 8*9 3*4 8*6 9*8 = 267 = 24 * 11 + 3
    (is_inn, "7707083893", "7707083894"),
    # 5*7 1*10 7*9 3*4 2*6 2*8 = 148 = 13 * 11 + 5; 5*3 1*4 7*5 3*9 2*4 2*6 5*8 = 141 = 12 * 11 + 9
    (is_inn, "500100732259", "500100732258"),
    # 1*9 1*8 2*7 2*6 3*5 3*4 4*3 4*2 5*1 = 95
    (is_snils, "11223344595", "11223344596"),
    # 5*9 5*8 1*7 1*6 1*2 = 100, written 00; so is 101, one more by the last weight
    (is_snils, "55110001000", "55110001001"),
    (is_snils, "55110001100", "55110001101"),
    # A is 10, B 11, L 21, N 23: 10 11 23 10 0417164300 23 21 91 = 97 * k + 1
    (passes_mod97, "NL91ABNA0417164300", "NL91ABNA0417164301"),
    (passes_mod97, "NO9386011117947", "NO9486011117947"),
    (passes_mod97, "GB29NWBK60161331926819", "GB29NWBK60161331926891"),
]


@pytest.mark.parametrize(("test", "right", "wrong"), CHECKED)
def test_check_digits_agree_with_sums_by_hand(test, right, wrong):
    assert test(right)
    assert not test(wrong)


@pytest.mark.parametrize(
    "date",
    [
        "010107",  # born on that day
        "410107",  # D-number: 40 on the day
        "014107",  # H-number, or synthetic: 40 on the month
        "018107",  # synthetic: 80 on the month
        "418107",  # both
        "290204",  # a leap year
    ],
)
def test_a_date_of_a_fodselsnummer_may_be_marked(date):
    assert any(is_fodselsnummer(f"{date}{rest:05d}") for rest in range(100_000))


@pytest.mark.parametrize("date", ["320107", "011307", "010007", "000107", "290207", "310407", "720107", "019307"])
def test_no_number_has_a_date_that_is_none(date):
    candidates = (f"{date}{rest:05d}" for rest in range(100_000))
    assert not any(map(is_fodselsnummer, candidates))


@pytest.mark.parametrize(
    "number", ["000000000", "00000000000", "0000000000", "000000000000", "12345", "0012345678", "1112223330"]
)
def test_zeros_and_other_lengths_are_no_numbers(number):
    assert not is_bsn(number)
    assert not is_fodselsnummer(number)
    assert not is_inn(number)
    assert not is_snils(number)


def changed(number):
    """All numbers with one other digit."""
    for place, digit in enumerate(number):
        for other in "0123456789":
            if digit.isdigit() and other != digit:
                yield number[:place] + other + number[place + 1 :]


@pytest.mark.parametrize(
    ("test", "number"),
    [
        (passes_luhn, "4539074576528043"),
        (passes_luhn, "372275797501036"),
        (is_bsn, "111222333"),
        (is_bsn, "945807302"),
        (is_fodselsnummer, "01010750160"),
        (is_fodselsnummer, "15838537240"),
        (passes_mod97, "NL91ABNA0417164300"),
        (passes_mod97, "NO9386011117947"),
    ],
)
def test_every_single_wrong_digit_is_refused(test, number):
    assert not any(test(other) for other in changed(number))


@pytest.mark.parametrize(
    ("test", "length", "remainder"),
    [
        (is_inn, 10, lambda n: sum(map(int.__mul__, map(int, n), (2, 4, 10, 3, 5, 9, 4, 6, 8))) % 11),
        (is_snils, 11, lambda n: sum(map(int.__mul__, map(int, n), range(9, 0, -1))) % 101),
    ],
    ids=["ИНН", "СНИЛС"],
)
def test_a_wrong_digit_passes_only_where_the_rule_takes_two_remainders_for_one(test, length, remainder):
    chance = random.Random(7)
    for _ in range(200):
        number = valid(test, length, chance)
        for other in changed(number):
            if test(other):
                assert {remainder(number), remainder(other)} in ({0, 10}, {0, 100})


def valid(test, length, chance, start=""):
    while True:
        number = start + "".join(chance.choice("0123456789") for _ in range(length - len(start)))
        if test(number):
            return number


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("4111111111111111", True),
        ("5105105105105100", True),
        ("2200000000000004", True),
        ("2221000000000009", True),
        ("378282246310005", True),
        ("36700102000000", True),
        ("1111111111111117", False),  # Luhn, but no scheme starts with 1
        ("79927398713", False),  # too short for a card
        ("41111111111111", False),  # no Visa has fourteen
    ],
)
def test_a_card_has_prefix_length_and_check_digit(number, scheme):
    assert is_card(number) == scheme


# Kind, test, length, first digits that are not those of a telephone number, separators, groupings.
WRITTEN = {
    "BSN": (is_bsn, [(9, "1"), (9, "2"), (9, "4")], [(9,), (3, 3, 3), (4, 2, 3)]),
    "FODSELSNUMMER": (
        is_fodselsnummer,
        [(11, "1"), (11, "2")],
        [(11,), (6, 5), (6, 3, 2), (2, 2, 2, 5), (2, 2, 2, 3, 2)],
    ),
    "INN": (is_inn, [(10, "77"), (10, "50")], [(10,), (4, 6), (2, 2, 6), (4, 3, 3)]),
    "SNILS": (is_snils, [(11, "1"), (11, "0")], [(11,), (3, 3, 3, 2)]),
    "CARD": (is_card, [(16, "4"), (16, "52"), (16, "2201"), (15, "37")], [(4, 4, 4, 4), (16,)]),
}
NEUTRAL = {
    "BSN": ["Er stond {} op het papier, klopt dat?", "Jeg fant {} i brevet", "The letter says {}."],
    "FODSELSNUMMER": ["Jeg fant {} i brevet", "Her er {}; hva nå?", "The form shows {}."],
    "INN": ["На бумаге было {} и всё", "Вот {}, проверьте", "Указал {}."],
    "SNILS": ["На бумаге было {} и всё", "Вот {}, проверьте", "They typed {}."],
    "CARD": ["Er stond {} op het papier", "Jeg fant {} i brevet", "Вот {}, проверьте", "The letter says {}."],
}


@st.composite
def written_numbers(draw):
    """A valid number in a written form, in a sentence that says nothing about it: kind, number, sentence."""
    kind = draw(st.sampled_from(sorted(WRITTEN)))
    test, starts, groupings = WRITTEN[kind]
    length, start = draw(st.sampled_from(starts))
    number = valid(test, length, random.Random(draw(st.integers(0, 10**9))), start)
    fitting = [sizes for sizes in groupings if sum(sizes) == length] or [(4, 6, 5)]
    sizes = draw(st.sampled_from(fitting))
    separator = draw(st.sampled_from([" ", "-", ".", "\u00a0", "\u2011", "\u202f", " - ", "\n"]))
    parts, place = [], 0
    for size in sizes:
        parts.append(number[place : place + size])
        place += size
    shown = (
        parts[0] + separator.join(["", *parts[1:]]) if separator != "\n" else " ".join(parts[:-1]) + "\n" + parts[-1]
    )
    shown = shown.strip()
    if draw(st.booleans()):
        shown = shown.translate({ord("0") + k: ord("０") + k for k in range(10)})
    return kind, shown, draw(st.sampled_from(NEUTRAL[kind])).format(shown)


@given(written_numbers())
@settings(max_examples=150, deadline=None)
def test_a_valid_number_in_any_form_is_found_in_a_neutral_sentence(case):
    kind, shown, sentence = case
    redacted = redact(sentence)
    assert [(item.kind, sentence[item.start : item.end]) for item in redacted.items] == [(kind, shown)]


@given(st.sampled_from(["NL", "NO", "DE", "GB", "BE", "LV"]), st.integers(0, 10**9), st.data())
@settings(max_examples=80, deadline=None)
def test_a_valid_iban_in_any_form_is_found_in_a_neutral_sentence(country, seed, data):
    chance = random.Random(seed)
    forms_of = {"NL": "LLLLDDDDDDDDDD", "NO": "D" * 11, "DE": "D" * 18, "GB": "LLLL" + "D" * 14, "BE": "D" * 12}
    letters = {"L": "ABEKMHOPCTXNR", "D": "0123456789"}
    body = "".join(chance.choice(letters[sign]) for sign in forms_of.get(country, "LLLL" + "D" * 13))
    iban = next(code for k in range(2, 99) if passes_mod97(code := f"{country}{k:02d}{body}"))
    separator = data.draw(st.sampled_from(["", " ", "-", ".", "\u00a0", "\n"]))
    groups = [iban[k : k + 4] for k in range(0, len(iban), 4)]
    shown = separator.join(groups) if separator != "\n" else " ".join(groups[:2]) + "\n" + " ".join(groups[2:])
    if data.draw(st.booleans()):
        shown = shown.translate(str.maketrans("ABEKMHOPCTX", "АВЕКМНОРСТХ"))
    if data.draw(st.booleans()):
        shown = shown.lower()
    sentence = data.draw(st.sampled_from(["Naar {} graag", "Til {}.", "На {} пожалуйста", "To {}, please"])).format(
        shown
    )
    found = [(item.kind, sentence[item.start : item.end]) for item in redact(sentence).items]
    assert found == [("IBAN", shown)]


# Pieces of which texts are made that are full of what may be an item.
PIECES = st.sampled_from(
    "bsn|mijn code is|код|passord|wachtwoord is|password:|ticket|tel|ИНН|order|945807302|482913|1234|06-12345678"
    "|+31 6 12345678|4539 0745 7652 8043|NL20INGB0001234567|jan@example.org|@|https://|user:pw@host|?token=abcd1234"
    "|[EMAIL]|[|]|[PHONE|-|.|,|:|\n|\n> | |  |\u00a0|\u200b|(|)|/|0|12|2024|12-03-2024|Kerkstraat 12|1234 AB Utrecht"
    "|ул. Ленина, д. 5|VK7JG-NPHTM-C97JM-9MPGT-3V66T|192.168.1.10|::1|2001:db8::1|0x80070005|\x00|\x02|Ａ|１|paspoort"
    "|NX1234567|112-233-445 95|7707083893|15038520153|is mijn|'|\"|Geheim1".split("|")
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join))


@given(TEXTS)
@settings(max_examples=150, deadline=None)
@example("code jan@example.org 482913 1234 5678")
@example("[[EMAIL]]jan@example.org[EMAIL")
@example("wachtwoord is wachtwoord is Geheim1")
@example(f"verificatiecode {'a' * 60}@example.org 482913")
def test_redacting_twice_changes_nothing_more(text):
    once = redact(text).text
    assert redact(once).text == once


@given(TEXTS, st.sets(st.sampled_from(sorted(KINDS))))
@settings(max_examples=80, deadline=None)
def test_redacting_some_kinds_twice_changes_nothing_more(text, kinds):
    once = redact(text, kinds=kinds)
    assert {item.kind for item in once.items} <= kinds
    assert redact(once.text, kinds=kinds).text == once.text


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_outside_the_items_text_and_places_stay(text):
    redacted = redact(text)
    rebuilt: list[str] = []
    done = 0
    for item in redacted.items:
        assert done <= item.start < item.end
        rebuilt += text[done : item.start], item.placeholder
        assert redacted.text[item.new_start : item.new_end] == item.placeholder == f"[{item.kind}]"
        assert redacted.original_span(item.new_start, item.new_end) == (item.start, item.end)
        assert redacted.original_span(item.new_start + 1, item.new_end - 1) == (item.start, item.end)
        done = item.end
    assert "".join([*rebuilt, text[done:]]) == redacted.text


@given(TEXTS, st.data())
@settings(max_examples=80, deadline=None)
def test_spans_without_items_map_back_to_the_same_text(text, data):
    redacted = redact(text)
    start = data.draw(st.integers(0, len(redacted.text)))
    end = data.draw(st.integers(start, len(redacted.text)))
    left, right = redacted.original_span(start, end)
    assert 0 <= left <= right <= len(text)
    touched = [item for item in redacted.items if item.new_start < end and start < item.new_end]
    if not touched:
        assert text[left:right] == redacted.text[start:end]
    for item in touched:
        if start < end:
            assert left <= item.start
            assert item.end <= right


def test_the_length_of_an_item_does_not_part_a_word_from_its_number():
    assert redact(f"verificatiecode {'a' * 60}@example.org 482913").text == "verificatiecode [EMAIL] [MFA_CODE]"


def test_spans_by_hand():
    redacted = redact("a jan@example.org b")
    assert redacted.text == "a [EMAIL] b"
    assert redacted.spans == ((0, 2, 0, 2), (2, 9, 2, 17), (9, 11, 17, 19))
    assert redacted.original_span(0, 2) == (0, 2)
    assert redacted.original_span(0, 3) == (0, 17)
    assert redacted.original_span(8, 11) == (2, 19)
    assert redacted.original_span(9, 11) == (17, 19)
    assert redacted.original_span(11, 11) == (19, 19)
    assert redact("").original_span(0, 0) == (0, 0)
    with pytest.raises(ValueError, match="span must lie within 0 to 11, got 3 to 12"):
        redacted.original_span(3, 12)


def test_no_data_stand_in_a_repr():
    redacted = redact("jan@example.org belde 06-12345678 over zijn bsn 111222333")
    assert len(redacted.items) == 3
    for secret in ("jan", "example", "12345678", "111222333", "belde"):
        assert secret not in repr(redacted)


def test_only_the_kinds_asked_for_are_replaced_and_the_others_keep_their_kind():
    text = "Kaart 4539 0745 7652 8043, mail jan@example.org"
    assert redact(text, kinds={"EMAIL"}).text == "Kaart 4539 0745 7652 8043, mail [EMAIL]"
    assert redact(text, kinds={"PHONE"}).text == text
    assert redact(text, kinds=()).text == text
    with pytest.raises(InputError, match="kinds must be of ADDRESS, .*, got 'MAIL'"):
        redact(text, kinds=["EMAIL", "MAIL"])


def test_the_message_for_an_unknown_kind_holds_no_text():
    with pytest.raises(InputError) as caught:
        redact("jan@example.org", kinds="NONE")
    assert "jan" not in str(caught.value)


def test_of_a_query_the_text_and_the_extra_values_are_redacted():
    extra = {"sender": "Jan <jan@example.org>", "received": "2026-09-30T23:30:00+02:00", "channel": "mail"}
    query = redact_query(Query("945807302", "bel 06-12345678", "nl", ("truncated",), extra))
    assert query.id == "945807302"
    assert (query.text, query.language, query.warnings) == ("bel [PHONE]", "nl", ("truncated",))
    assert query.extra == {**extra, "sender": "Jan <[EMAIL]>"}
    assert redact_query(Query("1", "bel 06-12345678"), kinds={"EMAIL"}).text == "bel 06-12345678"


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)
    assert len(read_as_latin(text)) == len(text)


# What must stay linear, of 300 kB, the first of 2 MB: (name, piece).
HOSTILE = [
    "1 ",
    "1",
    "@",
    " ",
    "-",
    "- ",
    "a",
    "A",
    "\n",
    ">",
    "(",
    ".",
    "1-",
    "[EMAIL]",
    "a@",
    "Aa ",
    "\u00a0",
    "> 1\n",
]


@pytest.mark.parametrize("piece", HOSTILE, ids=[repr(piece) for piece in HOSTILE])
def test_one_sign_without_end_is_done_at_once(piece):
    size = 2_000_000 if piece == HOSTILE[0] else 300_000
    text = piece * (size // len(piece))
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 2  # some 0.1 on a quiet machine


def test_nothing_but_numbers_is_done_in_seconds():
    chance = random.Random(5)
    text = "\n".join(str(chance.randrange(10 ** chance.randint(1, 16))) for _ in range(45_000))
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 4  # for 420 kB; some 0.5 on a quiet machine


DENSE = [
    "code 12345 ",
    "4539 0745 7652 8043 ",
    "NL91 ",
    "id 945807302 ",
    "jan@x.nl ",
    "password is ",
    "wachtwoord Aa1!aa ",
    "sms ",
    "Aa 1, ",
    "ул. Ленина ",
    "+31 ",
    "1:",
    "ABCD1-",
]


@pytest.mark.parametrize("piece", DENSE)
def test_twice_the_text_takes_about_twice_the_time(piece):
    times = []
    for size in (10_000, 40_000):
        text = piece * (size // len(piece))
        start = time.process_time()
        redact(text)
        times.append(time.process_time() - start)
    assert times[1] < 12 * times[0] + 0.2  # four times is linear, sixteen quadratic


FORM_ROWS = list(read_rows("forms.csv"))


@pytest.mark.parametrize("row", FORM_ROWS, ids=[f"{row['kind']}-{row['language']}-{row['style']}" for row in FORM_ROWS])
def test_every_form_finds_its_example(row):
    text = row["example"] + (" так" if row["script"] == "Cyrl" else "")
    kinds = {item.kind for item in redact(text).items}
    assert kinds == (set() if row["kind"] == "KEEP" else {row["kind"]})


CUE_ROWS = [row for row in read_rows("cues.csv") if row["kind"] in ("OTHER", "VERSION")]


@pytest.mark.parametrize("row", CUE_ROWS, ids=[row["example"] for row in CUE_ROWS])
def test_a_word_for_another_number_keeps_the_number(row):
    assert not redact(row["example"]).items


@pytest.mark.parametrize(
    "row", [row for row in read_rows("cues.csv") if row["kind"] in KINDS], ids=lambda r: r["example"]
)
def test_a_word_tells_its_kind(row):
    assert [item.kind for item in redact(row["example"]).items] == [row["kind"]]


def test_every_kind_has_forms_and_no_other_kind_has():
    assert {form.kind for form in forms()} == KINDS | {"KEEP"}


@pytest.mark.parametrize("part", ["open", "unseen"])
def test_of_the_authored_items_with_a_checksum_nearly_all_are_found(part):
    from bench.redaction import CHECKED_KINDS, read_items, score

    counts = [count for kind, count in score(read_items(ITEMS, part=part)).by_kind.items() if kind in CHECKED_KINDS]
    assert len(counts) == len(CHECKED_KINDS)
    assert sum(count.found for count in counts) >= 0.98 * sum(count.true for count in counts)
    assert sum(count.right for count in counts) >= 0.98 * sum(count.predicted for count in counts)


def test_there_are_enough_authored_items_in_every_language():
    from bench.redaction import read_items, score

    figures = score(read_items(ITEMS))
    assert figures.total.true >= 600
    assert min(figures.by_language[code].true for code in ("nl", "nb", "ru", "en")) >= 150
    assert figures.total.recall >= 0.95
    assert figures.total.precision >= 0.95


def test_the_bench_counts_by_hand(tmp_path, capsys):
    from bench.redaction import Count, main, read_items, score

    rows = [
        {"lang": "nl", "text": "bel 06-12345678 of 0x80", "items": [{"kind": "PHONE", "text": "06-12345678"}]},
        {"lang": "nl", "text": "mail jan@example.org", "items": [{"kind": "PHONE", "text": "jan@example.org"}]},
        {"lang": "en", "text": "ticket 1, code 482913", "items": []},
    ]
    file = tmp_path / "items.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    figures = score(read_items(file))
    assert figures.by_kind == {"PHONE": Count(2, 1, 1, 1), "EMAIL": Count(0, 0, 1, 0), "MFA_CODE": Count(0, 0, 1, 0)}
    assert figures.by_language == {"nl": Count(2, 1, 2, 1), "en": Count(0, 0, 1, 0)}
    assert figures.any_kind == Count(2, 2, 3, 2)
    assert [number for number, _ in figures.faults] == [2, 2, 3]
    assert main([str(file), "--faults"]) == 0
    assert "| PHONE | 2 | 0.500 | 1 | 1.000 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "row 1: must be an object with lang, text and items"),
        ('{"lang": "nl", "text": "a", "items": [{"kind": "PHONE", "text": "b"}]}', "row 1: items must stand"),
        ('{"lang": "nl", "text": "a", "items": [{"kind": "TEL", "text": "a"}]}', "known kind, got 'TEL'"),
    ],
)
def test_a_wrong_row_of_the_bench_is_named(tmp_path, capsys, line, message):
    from bench.redaction import main

    file = tmp_path / "items.jsonl"
    file.write_text(line, encoding="utf-8")
    assert main([str(file)]) == 2
    assert message in capsys.readouterr().err
    assert main([str(tmp_path / "none.jsonl")]) == 2


def test_the_moment_of_a_query_stays():
    query = Query("1", "bel 06-12345678", extra={"received": "2026-11-18T09:12:00+01:00", "sender": "jan@example.org"})
    assert redact_query(query).extra == {"received": "2026-11-18T09:12:00+01:00", "sender": "[EMAIL]"}
