// Places of Guatemala and names of its people, with how often each is drawn.

/** Weights are thousands of inhabitants (census of 2018, rounded), a town's taken from its department. */
type Place = {
  name: string
  weight: number
  /** The share of those who bring the infection from abroad, where it is unusual. */
  travelled?: number
}

export const DEPARTMENTS = [
  'Alta Verapaz', 'Baja Verapaz', 'Chimaltenango', 'Chiquimula', 'El Progreso', 'Escuintla', 'Guatemala',
  'Huehuetenango', 'Izabal', 'Jalapa', 'Jutiapa', 'Petén', 'Quetzaltenango', 'Quiché', 'Retalhuleu', 'Sacatepéquez',
  'San Marcos', 'Santa Rosa', 'Sololá', 'Suchitepéquez', 'Totonicapán', 'Zacapa',
]

export const PLACES: Place[] = [
  { name: 'Alta Verapaz', weight: 855 }, { name: 'Baja Verapaz', weight: 299 },
  { name: 'Chimaltenango', weight: 520 }, { name: 'Chiquimula', weight: 415 },
  { name: 'El Progreso', weight: 177 }, { name: 'Escuintla', weight: 576 },
  { name: 'Guatemala', weight: 640 }, { name: 'Huehuetenango', weight: 1_053 },
  { name: 'Izabal', weight: 309, travelled: 0.08 }, { name: 'Jalapa', weight: 343 },
  { name: 'Jutiapa', weight: 489 }, { name: 'Petén', weight: 546, travelled: 0.08 },
  { name: 'Quetzaltenango', weight: 619 }, { name: 'Quiché', weight: 950 },
  { name: 'Retalhuleu', weight: 327 }, { name: 'Sacatepéquez', weight: 284 },
  { name: 'San Marcos', weight: 932, travelled: 0.1 }, { name: 'Santa Rosa', weight: 396 },
  { name: 'Sololá', weight: 421 }, { name: 'Suchitepéquez', weight: 554 },
  { name: 'Totonicapán', weight: 419 }, { name: 'Zacapa', weight: 246 },
  { name: 'Ciudad de Guatemala', weight: 924, travelled: 0.09 }, { name: 'Mixco', weight: 466 },
  { name: 'Villa Nueva', weight: 426 }, { name: 'San Juan Sacatepéquez', weight: 219 },
  { name: 'Villa Canales', weight: 155 }, { name: 'San Miguel Petapa', weight: 129 },
  { name: 'Cobán', weight: 212 }, { name: 'San Pedro Carchá', weight: 236 },
  { name: 'Antigua Guatemala', weight: 46, travelled: 0.15 }, { name: 'Puerto Barrios', weight: 101, travelled: 0.15 },
  { name: 'Santa Elena', weight: 60, travelled: 0.15 }, { name: 'Tecún Umán', weight: 45, travelled: 0.4 },
  { name: 'Panajachel', weight: 16, travelled: 0.2 }, { name: 'Esquipulas', weight: 53, travelled: 0.25 },
  { name: 'Mazatenango', weight: 110 }, { name: 'Santa Lucía Cotzumalguapa', weight: 145 },
  // Those who were found at the airport and at the borders.
  { name: 'Tapachula', weight: 14, travelled: 1 }, { name: 'San Salvador', weight: 18, travelled: 1 },
  { name: 'Ciudad de México', weight: 12, travelled: 1 }, { name: 'Los Ángeles', weight: 20, travelled: 2 },
  { name: 'Madrid', weight: 9, travelled: 2 }, { name: 'Tegucigalpa', weight: 9, travelled: 1 },
]

export const FEMALE = [
  'Ana', 'María', 'Juana', 'Rosa', 'Marta', 'Carmen', 'Sofía', 'Lucía', 'Gabriela', 'Andrea', 'Paola', 'Silvia',
  'Claudia', 'Ingrid', 'Mónica', 'Verónica', 'Patricia', 'Sandra', 'Evelyn', 'Daniela', 'Valeria', 'Fernanda',
  'Ximena', 'Alejandra', 'Isabel', 'Catarina', 'Petrona', 'Dominga', 'Candelaria', 'Micaela', 'Floridalma',
  'Rigoberta', 'Elena', 'Beatriz', 'Teresa', 'Gloria', 'Blanca', 'Irma', 'Leticia', 'Yesenia', 'Karla', 'Wendy',
  'Mirna', 'Aura', 'Olga', 'Vilma', 'Reyna', 'Esperanza', 'Angélica', 'Noemí', 'Débora', 'Ester', 'Camila', 'Jimena',
]

export const MALE = [
  'José', 'Juan', 'Carlos', 'Luis', 'Pedro', 'Miguel', 'Francisco', 'Manuel', 'Jorge', 'Mario', 'Diego', 'Andrés',
  'Sergio', 'Óscar', 'Edgar', 'Walter', 'Byron', 'Estuardo', 'Rodrigo', 'Fernando', 'Alejandro', 'Daniel', 'David',
  'Pablo', 'Gabriel', 'Sebastián', 'Mateo', 'Santiago', 'Tomás', 'Domingo', 'Pascual', 'Gaspar', 'Baltazar',
  'Marcos', 'Lucas', 'Julio', 'César', 'Hugo', 'René', 'Erick', 'Kevin', 'Josué', 'Elías', 'Rubén', 'Víctor',
  'Rolando', 'Otto', 'Erwin', 'Selvin', 'Wilmer', 'Ángel', 'Martín', 'Raúl', 'Rafael', 'Álvaro', 'Ismael',
]

/** Spanish surnames are on every street; Maya ones in the highlands most of all. */
export const SURNAMES: { name: string; weight: number }[] = [
  ...weigh(9, ['López', 'García', 'Morales', 'Pérez', 'Hernández', 'González', 'Rodríguez', 'Ramírez']),
  ...weigh(4, [
    'Castillo', 'Vásquez', 'Reyes', 'Méndez', 'Gómez', 'Juárez', 'Ramos', 'Cruz', 'Flores', 'Martínez', 'Estrada',
    'Aguilar', 'de León', 'Díaz', 'Ortiz', 'Velásquez', 'Mejía', 'Barrios', 'Fuentes', 'Orozco', 'Monzón', 'Lemus',
  ]),
  ...weigh(2, [
    'Barrientos', 'Solórzano', 'Pineda', 'Cifuentes', 'Marroquín', 'Arriola', 'Recinos', 'Godínez', 'Sandoval',
    'Samayoa', 'Escobar', 'Ajú', 'Xol', 'Caal', 'Pop', 'Choc', 'Coc', 'Ixcoy', 'Tzoc', 'Chávez', 'Tum', 'Cumes',
    'Batz', 'Ajanel', 'Tzul', 'Sacalxot', 'Sic', 'Quiej', 'Chub', 'Ical', 'Yax', 'Toj', 'Mucú', 'Cojtí',
  ]),
]

function weigh(weight: number, names: string[]) {
  return names.map((name) => ({ name, weight }))
}
