// The pages that were made for a scenario, by its event message. Any other has the widgets of its views.
import type { ComponentType } from 'react'
import type { ScenarioProps } from '../pages/live.tsx'

type Load = () => Promise<ComponentType<ScenarioProps>>

export const madeToFit: Record<string, Load> = {
  'scenarios.CovidCase': () => import('./covid.tsx').then(({ Covid }) => Covid),
  'scenarios.Prediction': () => import('./predictions.tsx').then(({ Predictions }) => Predictions),
  'scenarios.WeatherTweet': () => import('./weather.tsx').then(({ Weather }) => Weather),
  'scenarios.BandVote': () => import('./votes.tsx').then(({ Votes }) => Votes),
}
