// Countries and places that data sets draw from, with how often each is drawn. Country names are the
// country's own name in its main language, so a count by country has one key for each.

export type Climate = 'highland' | 'mild' | 'hot' | 'rainforest' | 'desert' | 'dry' | 'temperate' | 'snowy' | 'cold'
export type Language = 'es' | 'en'

export type City = {
  name: string
  climate: Climate
  /** Streets and districts, as they stand after "in" or "en". */
  spots?: readonly string[]
}

export type Country = {
  name: string
  weight: number
  language: Language
  /** How often somebody writes in the other language. */
  otherLanguage?: number
  fahrenheit?: true
  hashtags: readonly string[]
  mentions: readonly string[]
  /** An interjection of the region, before a comma. */
  oh?: readonly string[]
  /** Outer garment and public transport, with their article. */
  coat?: string
  bus?: string
  car?: string
  kites?: string
  drive?: string
  cities: readonly City[]
}

/** "Antigua:highland Cobán:rainforest" is short to read; an underscore is a space. */
function citiesOf(text: string): City[] {
  return text.split(' ').map((entry) => {
    const [name = '', climate = ''] = entry.split(':')
    return { name: name.replaceAll('_', ' '), climate: climate as Climate }
  })
}

export const COUNTRIES: readonly Country[] = [
  {
    name: 'Guatemala', weight: 640, language: 'es', otherLanguage: 0.06,
    hashtags: ['Guatemala', 'Guate', 'ClimaGT', 'LluviasGT', 'Guatemala', 'ClimaGT'],
    mentions: ['insivumehgt', 'ConredGuatemala'],
    oh: ['Púchica', 'A la gran', 'Vaya pues', 'Ala', 'Vos'], coat: 'la chumpa', bus: 'la camioneta',
    kites: 'barriletes',
    cities: [
      {
        name: 'Ciudad de Guatemala', climate: 'mild',
        spots: ['la zona 1', 'la zona 10', 'la zona 18', 'la Roosevelt', 'la Aguilar Batres', 'la calzada San Juan',
          'el Trébol', 'la avenida Reforma', 'Cayalá', 'el Periférico', 'la Universidad de San Carlos', 'la zona 12'],
      },
      { name: 'Quetzaltenango', climate: 'highland', spots: ['Xela', 'el Parque Central de Xela'] },
      { name: 'Antigua Guatemala', climate: 'highland', spots: ['la Antigua', 'la calle del Arco'] },
      ...citiesOf('Mixco:mild Villa_Nueva:mild Amatitlán:mild Cobán:rainforest San_Pedro_Carchá:rainforest'),
      ...citiesOf('Escuintla:hot Mazatenango:hot Retalhuleu:hot Puerto_San_José:hot Puerto_Barrios:hot Zacapa:desert'),
      ...citiesOf('Chiquimula:hot Jutiapa:hot Jalapa:mild Huehuetenango:highland Totonicapán:highland Sololá:highland'),
      ...citiesOf('Panajachel:highland Chimaltenango:highland Tecpán:highland San_Marcos:highland Flores:hot'),
      ...citiesOf('Petén:hot Livingston:hot El_Progreso:desert Salamá:mild Santa_Lucía_Cotzumalguapa:hot'),
    ],
  },
  {
    name: 'México', weight: 95, language: 'es',
    hashtags: ['ClimaMX', 'México', 'climamexico'], mentions: ['conagua_clima', 'CNPC_MX'],
    oh: ['No manches', 'Órale', 'Híjole', 'Ay, güey'], coat: 'la chamarra', bus: 'el camión', car: 'coche',
    kites: 'papalotes',
    cities: [
      { name: 'CDMX', climate: 'mild', spots: ['Iztapalapa', 'la Roma', 'Coyoacán', 'el Zócalo', 'Tlalpan',
      'Insurgentes'] },
      ...citiesOf('Guadalajara:mild Monterrey:dry Puebla:mild Toluca:highland Mérida:hot Cancún:hot Veracruz:hot'),
      ...citiesOf('Tijuana:dry Hermosillo:desert Oaxaca:mild San_Cristóbal_de_las_Casas:highland Xalapa:rainforest'),
    ],
  },
  {
    name: 'United States', weight: 85, language: 'en', otherLanguage: 0.14, fahrenheit: true,
    hashtags: ['weather', 'wx', 'uswx'], mentions: ['NWS', 'weatherchannel', 'NOAA'],
    oh: ['Wow', 'Y’all', 'Man', 'Okay'], coat: 'a jacket', bus: 'the bus',
    cities: [
      { name: 'New York', climate: 'snowy', spots: ['Brooklyn', 'Queens', 'the Bronx', 'Central Park'] },
      ...citiesOf('Chicago:snowy Boston:snowy Denver:snowy Minneapolis:snowy Seattle:temperate Portland:temperate'),
      ...citiesOf('Houston:hot Miami:hot New_Orleans:hot Phoenix:desert Las_Vegas:desert Los_Angeles:dry Austin:hot'),
    ],
  },
  {
    name: 'España', weight: 70, language: 'es',
    hashtags: ['España', 'AEMET', 'tiempo', 'eltiempo'], mentions: ['AEMET_Esp', 'eltiempoes'],
    oh: ['Madre mía', 'Vaya tela', 'Menudo día', 'Ostras'], coat: 'el abrigo', bus: 'el autobús',
    car: 'coche', drive: 'conduzcan',
    cities: [
      { name: 'Madrid', climate: 'dry', spots: ['Lavapiés', 'Vallecas', 'el Retiro', 'Chamberí',
      'la Gran Vía'] },
      ...citiesOf('Barcelona:dry Sevilla:dry Valencia:dry Zaragoza:dry Bilbao:temperate Santiago_de_Compostela:temperate'),
      ...citiesOf('Granada:dry Burgos:cold Ávila:cold Las_Palmas:dry Córdoba:dry Oviedo:temperate'),
    ],
  },
  {
    name: 'Argentina', weight: 50, language: 'es', hashtags: ['Argentina', 'SMN', 'clima'],
    mentions: ['SMN_Argentina'], oh: ['Che', 'Qué bárbaro', 'Uh', 'Mamita'], coat: 'la campera',
    bus: 'el bondi', car: 'auto', kites: 'barriletes',
    cities: [
      { name: 'Buenos Aires', climate: 'temperate', spots: ['Palermo', 'Caballito', 'la 9 de Julio',
      'Avellaneda'] },
      ...citiesOf('Córdoba:dry Rosario:temperate Mendoza:dry Bariloche:cold Ushuaia:cold Salta:mild Posadas:hot'),
    ],
  },
  {
    name: 'Colombia', weight: 50, language: 'es', hashtags: ['Colombia', 'IDEAM', 'clima'],
    mentions: ['IDEAMColombia', 'UNGRD'], oh: ['Uy no', 'Qué vaina', 'Juepucha', 'Parce'],
    coat: 'la chaqueta', bus: 'el bus',
    cities: [
      { name: 'Bogotá', climate: 'highland', spots: ['Suba', 'Chapinero', 'la Séptima', 'Kennedy',
      'Usaquén'] },
      ...citiesOf('Medellín:mild Cali:hot Barranquilla:hot Cartagena:hot Quibdó:rainforest Tunja:highland Pasto:highland'),
    ],
  },
  {
    name: 'Perú', weight: 36, language: 'es', hashtags: ['Perú', 'Senamhi'], mentions: ['Senamhiperu',
    'indeciperu'],
    oh: ['Asu', 'Pucha', 'Oe'], coat: 'la casaca', bus: 'la combi',
    cities: citiesOf('Lima:temperate Miraflores:temperate Arequipa:dry Cusco:highland Puno:cold ' +
      'Piura:desert Iquitos:rainforest'),
  },
  {
    name: 'Chile', weight: 34, language: 'es', hashtags: ['Chile', 'tiempocl'], mentions: ['meteochile_dmc',
    'Senapred'],
    oh: ['Oye', 'Pucha', 'Ya po'], coat: 'la parka', bus: 'la micro', car: 'auto', kites: 'volantines',
    cities: citiesOf('Santiago:dry Valparaíso:temperate Concepción:temperate Temuco:temperate ' +
      'Antofagasta:desert Punta_Arenas:cold'),
  },
  {
    name: 'El Salvador', weight: 40, language: 'es', hashtags: ['ElSalvador', 'ClimaSV'],
    mentions: ['MedioAmbienteSV', 'PROCIVILSV'], oh: ['Puya', 'Vaya pues', 'Ala'], coat: 'el suéter',
    bus: 'el bus',
    cities: citiesOf('San_Salvador:hot Santa_Ana:mild San_Miguel:hot Santa_Tecla:mild Apaneca:highland ' +
      'La_Libertad:hot'),
  },
  {
    name: 'Honduras', weight: 38, language: 'es', hashtags: ['Honduras', 'ClimaHN'],
    mentions: ['CopecoHonduras'],
    oh: ['Pucha', 'Vaya pues', 'Ala'], coat: 'el suéter', bus: 'el bus',
    cities: citiesOf('Tegucigalpa:mild San_Pedro_Sula:hot La_Ceiba:rainforest Comayagua:mild ' +
      'Choluteca:hot La_Esperanza:highland'),
  },
  {
    name: 'Costa Rica', weight: 34, language: 'es', hashtags: ['CostaRica', 'ClimaCR'], mentions: ['IMNCR',
    'CNECostaRica'],
    oh: ['Diay', 'Mae'], coat: 'el suéter', bus: 'el bus',
    cities: citiesOf('San_José:mild Cartago:highland Alajuela:mild Limón:rainforest Liberia:hot ' +
      'Heredia:mild Puntarenas:hot'),
  },
  {
    name: 'Nicaragua', weight: 24, language: 'es', hashtags: ['Nicaragua'], mentions: ['ineternicaragua'],
    oh: ['Idiay', 'Pucha'], coat: 'el suéter', bus: 'la ruta',
    cities: citiesOf('Managua:hot León:hot Granada:hot Jinotega:highland Bluefields:rainforest'),
  },
  {
    name: 'Panamá', weight: 24, language: 'es', hashtags: ['Panamá'], mentions: ['IMHPA_Panama'],
    oh: ['Chuzo', 'Ayala vida'], coat: 'el suéter', bus: 'el bus',
    cities: citiesOf('Ciudad_de_Panamá:hot Colón:rainforest David:hot Boquete:highland Chitré:hot'),
  },
  {
    name: 'Ecuador', weight: 26, language: 'es', hashtags: ['Ecuador'], mentions: ['inamhi_ec', 'ECU911_'],
    oh: ['Qué bestia', 'Chuta'], coat: 'la chompa', bus: 'el bus',
    cities: citiesOf('Quito:highland Guayaquil:hot Cuenca:highland Loja:mild Esmeraldas:hot Tena:rainforest'),
  },
  {
    name: 'Bolivia', weight: 20, language: 'es', hashtags: ['Bolivia'], mentions: ['SenamhiBolivia'],
    oh: ['Pucha', 'Uff'], coat: 'la chamarra', bus: 'el minibús',
    cities: citiesOf('La_Paz:cold El_Alto:cold Santa_Cruz:hot Cochabamba:mild Potosí:cold'),
  },
  {
    name: 'Venezuela', weight: 26, language: 'es', hashtags: ['Venezuela'], mentions: ['INAMEH'],
    oh: ['Naguará', 'Chamo', 'Dios mío'], coat: 'la chaqueta', bus: 'la camionetica',
    cities: citiesOf('Caracas:mild Maracaibo:hot Valencia:hot Mérida:highland Barquisimeto:mild'),
  },
  {
    name: 'República Dominicana', weight: 26, language: 'es', hashtags: ['RD', 'Onamet'],
    mentions: ['onametrd', 'COE_RD'],
    oh: ['Diache', 'Anda', 'Ay Dios'], coat: 'el abrigo', bus: 'la guagua',
    cities: citiesOf('Santo_Domingo:hot Santiago_de_los_Caballeros:hot Constanza:highland Punta_Cana:hot'),
  },
  {
    name: 'Cuba', weight: 20, language: 'es', hashtags: ['Cuba'], mentions: ['insmet_cuba'], oh: ['Caballero',
    'Ñó', 'Asere'],
    coat: 'el abrigo', bus: 'la guagua',
      cities: citiesOf('La_Habana:hot Santiago_de_Cuba:hot Camagüey:hot Pinar_del_Río:hot'),
  },
  {
    name: 'Puerto Rico', weight: 20, language: 'es', otherLanguage: 0.2, fahrenheit: true,
    hashtags: ['PuertoRico', 'PR'],
    mentions: ['NWS'], oh: ['Ay bendito', 'Diantre'], coat: 'el abrigo', bus: 'la guagua',
    cities: citiesOf('San_Juan:hot Ponce:hot Mayagüez:hot Caguas:hot'),
  },
  {
    name: 'Uruguay', weight: 18, language: 'es', hashtags: ['Uruguay'], mentions: ['meteorologiauy'],
    oh: ['Bo', 'Uh'],
    coat: 'la campera', bus: 'el ómnibus', car: 'auto', kites: 'cometas',
      cities: citiesOf('Montevideo:temperate Salto:temperate Punta_del_Este:temperate Rivera:temperate'),
  },
  {
    name: 'Paraguay', weight: 18, language: 'es', hashtags: ['Paraguay'], mentions: ['meteorologiapy'],
    oh: ['Nde', 'Pucha'],
    coat: 'la campera', bus: 'el colectivo', car: 'auto', kites: 'pandorgas',
      cities: citiesOf('Asunción:hot Encarnación:hot Ciudad_del_Este:hot Luque:hot'),
  },
  {
    name: 'United Kingdom', weight: 34, language: 'en', hashtags: ['ukweather', 'BritishWeather'],
    mentions: ['metoffice', 'bbcweather'],
    oh: ['Blimey', 'Right', 'Well'], coat: 'a coat', bus: 'the bus',
    cities: citiesOf('London:temperate Manchester:temperate Leeds:temperate Glasgow:temperate ' +
      'Edinburgh:temperate Cardiff:temperate Aberdeen:cold'),
  },
  {
    name: 'Canada', weight: 28, language: 'en', hashtags: ['Canada', 'cdnwx'], mentions: ['environmentca',
    'weathernetwork'],
    oh: ['Wow', 'Oof', 'Jeez'], coat: 'a coat', bus: 'the bus',
    cities: citiesOf('Toronto:snowy Ottawa:snowy Calgary:snowy Winnipeg:snowy Vancouver:temperate ' +
      'Halifax:snowy'),
  },
  {
    name: 'Ireland', weight: 20, language: 'en', hashtags: ['IrishWeather', 'Ireland'],
    mentions: ['MetEireann'], oh: ['Ah here', 'Right so'],
    coat: 'a coat', bus: 'the bus',
      cities: citiesOf('Dublin:temperate Cork:temperate Galway:temperate Limerick:temperate'),
  },
  {
    name: 'Australia', weight: 26, language: 'en', hashtags: ['Australia', 'auswx'], mentions: ['BOM_au'],
    oh: ['Mate', 'Crikey', 'Far out'], coat: 'a jumper', bus: 'the bus',
    cities: citiesOf('Sydney:dry Melbourne:temperate Brisbane:hot Perth:dry Darwin:hot Hobart:temperate ' +
      'Alice_Springs:desert'),
  },
  {
    name: 'New Zealand', weight: 16, language: 'en', hashtags: ['nzweather', 'NZ'], mentions: ['MetService'],
    oh: ['Yeah nah', 'Far out'],
    coat: 'a jumper', bus: 'the bus',
      cities: citiesOf('Auckland:temperate Wellington:temperate Christchurch:temperate Queenstown:cold'),
  },
  {
    name: 'India', weight: 26, language: 'en', hashtags: ['India', 'IMD'], mentions: ['Indiametdept',
    'SkymetWeather'],
    oh: ['Uff', 'Arre', 'Yaar'], coat: 'a jacket', bus: 'the bus',
    cities: citiesOf('Mumbai:rainforest Delhi:desert Bengaluru:mild Chennai:hot Kolkata:hot Pune:mild ' +
      'Shimla:highland'),
  },
  {
    name: 'Jamaica', weight: 16, language: 'en', hashtags: ['Jamaica'], mentions: ['metserviceja'],
    oh: ['Whew', 'Lawd'],
    coat: 'a jacket', bus: 'the bus',
      cities: citiesOf('Kingston:hot Montego_Bay:hot Mandeville:mild Ocho_Rios:hot'),
  },
  {
    name: 'Belize', weight: 18, language: 'en', otherLanguage: 0.2, fahrenheit: true, hashtags: ['Belize'],
    mentions: ['NMSBelize'], oh: ['Whew', 'Man'],
    coat: 'a jacket', bus: 'the bus',
      cities: citiesOf('Belize_City:hot San_Ignacio:hot Belmopan:hot Dangriga:hot Corozal:hot'),
  },
  {
    name: 'South Africa', weight: 16, language: 'en', hashtags: ['SAweather', 'SouthAfrica'],
    mentions: ['SAWeatherServic'], oh: ['Yoh', 'Eish', 'Jislaaik'],
    coat: 'a jersey', bus: 'the taxi',
      cities: citiesOf('Cape_Town:dry Johannesburg:mild Durban:hot Bloemfontein:dry'),
  },
  {
    name: 'Philippines', weight: 16, language: 'en', hashtags: ['WalangPasok', 'Philippines'],
    mentions: ['dost_pagasa'], oh: ['Grabe', 'Hay naku'],
    coat: 'a jacket', bus: 'the jeepney',
      cities: citiesOf('Manila:hot Quezon_City:hot Cebu:hot Davao:hot Baguio:highland'),
  },
]
